/** One half of two modules that import each other, each needing the other's class for a relation. */

import { Collection, Column, Entity, OneToMany, PrimaryKey } from '../../../src/orm/index.js';
// oxlint-disable-next-line import/no-cycle -- what this pair of modules is for
import { Book } from './book.js';

@Entity()
export class Author {
  @PrimaryKey({ generated: 'uuid' }) id!: string;
  @Column() name!: string;
  @Column({ nullable: true }) born?: Date;
  @OneToMany(
    () => Book,
    (book) => book.author,
    { cascade: ['persist'] },
  )
  books = new Collection<Book>();
}

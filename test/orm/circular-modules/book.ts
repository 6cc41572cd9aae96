/** The other half; `Ref` keeps the compiler from touching `Author` before it exists. */

import { Column, Entity, ManyToOne, PrimaryKey, type Ref } from '../../../src/orm/index.js';
// oxlint-disable-next-line import/no-cycle -- what this pair of modules is for
import { Author } from './author.js';

@Entity()
export class Book {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column() title!: string;
  @Column() price!: number;
  @ManyToOne(
    () => Author,
    (author) => author.books,
  )
  author!: Ref<Author>;
}

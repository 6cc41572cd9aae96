/** Entities of the tests: two that refer to each other, one that refers to itself, one with a composite key. */

import {
  Collection,
  Column,
  CreatedAt,
  DeletedAt,
  Entity,
  Index,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Ref,
  UpdatedAt,
  Version,
} from '../../src/orm/index.js';

@Entity({ table: 'users' })
export class User {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text', { unique: true }) email!: string;
  @Column('integer', { nullable: true }) age!: number | null;
  @Index() @Column('text', { default: 'Paris' }) city!: string;
  @Column('jsonb', { nullable: true }) settings!: { theme?: string; tags?: string[] } | null;
  @OneToMany(
    () => Post,
    (post) => post.author,
    { cascade: ['persist', 'remove'] },
  )
  posts = new Collection<Post>();
}

@Entity({ table: 'posts' })
export class Post {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text') title!: string;
  @ManyToOne(
    () => User,
    (user) => user.posts,
  )
  author!: Ref<User>;
  @ManyToOne(() => User, { nullable: true, cascade: ['persist'] }) editor!: Ref<User> | null;
  @OneToMany(
    () => Comment,
    (comment) => comment.post,
    { cascade: ['persist', 'remove'] },
  )
  comments = new Collection<Comment>();
}

@Entity()
@Index(['post', 'createdAt'])
export class Comment {
  @PrimaryKey({ generated: 'uuid' }) id!: string;
  @Column('text') body!: string;
  @ManyToOne(
    () => Post,
    (post) => post.comments,
  )
  post!: Ref<Post>;
  @CreatedAt() createdAt!: Date;
  @UpdatedAt() updatedAt!: Date;
  @DeletedAt() deletedAt!: Date | null;
}

@Entity()
export class Account {
  @PrimaryKey('text') iban!: string;
  @Column('double', { default: 0 }) balance!: number;
  @Version() version!: number;
}

@Entity()
export class Folder {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text') name!: string;
  @ManyToOne(
    () => Folder,
    (folder) => folder.children,
    { nullable: true },
  )
  parent!: Ref<Folder> | null;
  @OneToMany(
    () => Folder,
    (folder) => folder.parent,
    { cascade: ['persist'] },
  )
  children = new Collection<Folder>();
}

@Entity()
export class Seat {
  @PrimaryKey('integer') row!: number;
  @PrimaryKey('text') place!: string;
  @Column('boolean', { default: false }) taken!: boolean;
  @OneToMany(
    () => Ticket,
    (ticket) => ticket.seat,
  )
  tickets = new Collection<Ticket>();
}

@Entity()
export class Ticket {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @ManyToOne(
    () => Seat,
    (seat) => seat.tickets,
    { nullable: true },
  )
  seat!: Ref<Seat> | null;
}

export const ENTITIES = [User, Post, Comment, Account, Folder, Seat, Ticket];

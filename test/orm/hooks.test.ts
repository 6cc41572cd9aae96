import { beforeEach, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../src/base/index.js';
import {
  AfterInsert,
  AfterLoad,
  AfterRemove,
  AfterUpdate,
  BeforeInsert,
  BeforeRemove,
  BeforeUpdate,
  Collection,
  Column,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Ref,
} from '../../src/orm/index.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

const log: string[] = [];

@Entity()
class Song {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text') title!: string;
  @Column('integer', { default: 0 }) plays!: number;
  @OneToMany(
    () => Verse,
    (verse) => verse.song,
    { cascade: ['persist', 'remove'] },
  )
  verses = new Collection<Verse>();
  loaded = '';

  @BeforeInsert() async trim(): Promise<void> {
    await Promise.resolve();
    this.title = this.title.trim();
    log.push(`before insert ${this.title} ${this.id}`);
  }
  @BeforeInsert() addVerse(): void {
    if (this.title === 'epic') this.verses.add(Object.assign(new Verse(), { text: 'la' }));
  }
  @AfterInsert() inserted(): void {
    log.push(`after insert ${this.id}`);
    if (this.title === 'hit') this.plays = 1;
  }
  @BeforeUpdate() count(): void {
    log.push('before update');
    if (this.title === 'forever') this.plays += 1;
  }
  @AfterUpdate() async updated(): Promise<void> {
    log.push('after update');
    if (this.title === 'endless') this.plays++;
  }
  @BeforeRemove() removing(): void {
    if (this.title === 'kept') throw new Error('this one stays');
    log.push(`before remove ${this.title}`);
  }
  @AfterRemove() removed(): void {
    log.push(`after remove ${this.title}`);
  }
  @AfterLoad() async shine(): Promise<void> {
    await Promise.resolve();
    this.loaded = `${this.title}:${this.verses.isLoaded ? this.verses.length : '?'}`;
  }
}

@Entity()
class Verse {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text') text!: string;
  @ManyToOne(
    () => Song,
    (song) => song.verses,
  )
  song!: Ref<Song>;
  @BeforeInsert() inserting(): void {
    log.push(`before insert verse ${this.text}`);
  }
  @BeforeRemove() removing(): void {
    log.push('before remove verse');
  }
}

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm([Song, Verse]);
  log.length = 0;
  return async () => db.store.close();
});

it('run around inserts, and see plain objects as entities', async () => {
  const song = await db.repository(Song).insert({ title: '  one ' });
  expect(song).toMatchObject({ id: 1, title: 'one', plays: 0 });
  expect(log).toEqual(['before insert one undefined', 'after insert 1']);
});

it('may add entities that have hooks themselves', async () => {
  await db.repository(Song).save(Object.assign(new Song(), { title: 'epic' }));
  expect(log).toEqual(['before insert epic undefined', 'before insert verse la', 'after insert 1']);
  expect(await db.rows('SELECT text, song_id FROM verse')).toEqual([['la', 1]]);
});

it('run around updates, only when something changed', async () => {
  await db.repository(Song).insert({ title: 'one' });
  log.length = 0;
  await db.transaction(async (tx) => {
    const song = (await tx.repository(Song).findById(1))!;
    await tx.repository(Song).flush();
    expect(log).toEqual([]);
    song.title = 'forever';
  });
  expect(log).toEqual(['before update', 'after update']);
  expect(await db.repository(Song).findById(1)).toMatchObject({ title: 'forever', plays: 1 });
});

it('that change entities after the write have it written too', async () => {
  await db.repository(Song).insert({ title: 'hit' });
  expect(await db.repository(Song).findById(1)).toMatchObject({ plays: 1 });
});

it('that never come to an end are stopped', async () => {
  await db.repository(Song).insert({ title: 'one' });
  const endless = db.transaction(async (tx) => {
    (await tx.repository(Song).findById(1))!.title = 'endless';
  });
  await expect(endless).rejects.toThrow(InvalidArgumentError);
  expect(await db.repository(Song).findById(1)).toMatchObject({ title: 'one' });
});

it('run around removals, members first, and can refuse', async () => {
  await db.repository(Song).insert([{ title: 'epic' }, { title: 'kept' }]);
  log.length = 0;
  await db.repository(Song).remove((await db.repository(Song).findById(1))!);
  expect(log).toEqual(['before remove verse', 'before remove epic', 'after remove epic']);
  await expect(db.repository(Song).remove((await db.repository(Song).findById(2))!)).rejects.toThrow('this one stays');
  expect(await db.repository(Song).count()).toBe(1);
});

it('run after loading, when relations are there, once per instance', async () => {
  await db.repository(Song).insert([{ title: 'epic' }, { title: 'two' }]);
  expect((await db.repository(Song).findById(1))!.loaded).toBe('epic:?');
  const songs = await db.repository(Song).find({ orderBy: { id: 'asc' }, with: { verses: true } });
  expect(songs.map(({ loaded }) => loaded)).toEqual(['epic:1', 'two:0']);
  await db.transaction(async (tx) => {
    const song = (await tx.repository(Song).findById(1))!;
    song.loaded = 'seen';
    await tx.repository(Song).findById(1);
    expect(song.loaded).toBe('seen');
  });
});

it('are not run by bulk statements', async () => {
  await db.repository(Song).insert({ title: 'one' });
  log.length = 0;
  await db.repository(Song).update({}, { plays: 5 });
  await db.repository(Song).delete({});
  expect(log).toEqual([]);
});

/** Saves and loads entities of two modules that import each other. */

import { openMemoryOrm } from '../memory-orm.js';
import { Author } from './author.js';
import { Book } from './book.js';

/** JSON of what was found. */
export async function report(): Promise<string> {
  const db = await openMemoryOrm([Author, Book]);
  const author = Object.assign(new Author(), { name: 'Ada', born: new Date(0) });
  author.books.add(Object.assign(new Book(), { title: 'Notes', price: 9.5 }));
  await db.repository(Author).save(author);
  const [found] = await db.repository(Author).find({ with: { books: true } });
  const [book] = await db.repository(Book).find({ where: { author }, with: { author: true } });
  const rows = await db.rows("SELECT title, price FROM book WHERE price > 9 AND title LIKE 'N%'");
  await db.store.close();
  return JSON.stringify({ found: { ...found, id: found?.id.length }, writtenBy: book?.author.name, rows });
}

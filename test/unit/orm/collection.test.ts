import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../src/base/index.js';
import {
  bindCollection,
  Collection,
  type CollectionBinding,
  fillCollection,
  unloadCollection,
} from '../../../src/orm/collection.js';
import { defineEntity, type EntityClass } from '../../../src/orm/index.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';

const Team = defineEntity({
  name: 'Team',
  columns: { id: { type: 'integer', primaryKey: true } },
  relations: {
    players: { kind: 'one-to-many', target: (): EntityClass => Player, inverse: 'team' },
    fans: { kind: 'one-to-many', target: (): EntityClass => Player, inverse: 'supports' },
  },
});
const Player = defineEntity({
  name: 'Player',
  columns: { id: { type: 'integer', primaryKey: true } },
  relations: {
    team: { kind: 'many-to-one', target: (): EntityClass => Team },
    supports: { kind: 'many-to-one', target: (): EntityClass => Team, nullable: true },
  },
});
const [players, fans] = new EntityRegistry([Team, Player]).get(Team).collections;

function unloadedCollection(binding: CollectionBinding): Collection<Member> {
  const collection = new Collection<Member>();
  bindCollection(collection, binding);
  unloadCollection(collection);
  return collection;
}

interface Member {
  id: number;
  team?: unknown;
  supports?: unknown;
}

describe('an unloaded collection', () => {
  const collection = unloadedCollection({ relation: players!, owner: {}, loader: undefined });

  it.each<[string, (collection: Collection<Member>) => unknown]>([
    ['length', (c) => c.length],
    ['iteration', (c) => [...c]],
    ['toArray', (c) => c.toArray()],
    ['has', (c) => c.has({ id: 1 })],
    ['add', (c) => c.add({ id: 1 })],
  ])('refuses %s and says how to load it', (_, touch) => {
    expect(() => touch(collection)).toThrow(InvalidArgumentError);
    expect(() => touch(collection)).toThrow(/Team\.players is not loaded: .*with: \{ players: true \}/);
  });

  it('cannot load without a transaction or snapshot', async () => {
    await expect(collection.load()).rejects.toThrow(/Team\.players belongs to a detached entity/);
  });

  it('loads through its session', async () => {
    const lazy = unloadedCollection({
      relation: players!,
      owner: {},
      loader: async (wanted) => fillCollection(wanted, [{ id: 7 }]),
    });
    expect(lazy.isLoaded).toBe(false);
    expect((await lazy.load()).toArray()).toEqual([{ id: 7 }]);
    expect(lazy.isLoaded).toBe(true);
  });

  it('is left out of JSON', () => {
    expect(JSON.stringify({ players: collection })).toBe('{}');
  });
});

describe('a loaded collection', () => {
  it('points its members to the owner, whenever it gets one', () => {
    const owner = { id: 1 };
    const early: Member = { id: 1 };
    const collection = new Collection<Member>([early]);
    bindCollection(collection, { relation: players!, owner, loader: undefined });
    const late: Member = { id: 2 };
    collection.add(late, late);
    expect([early.team, late.team]).toEqual([owner, owner]);
    expect(collection.length).toBe(2);
    expect(JSON.parse(JSON.stringify({ players: collection }))).toEqual({ players: [{ id: 1 }, { id: 2 }] });
  });

  it('lets members go only when they can be without owner', () => {
    const [player, fan]: Member[] = [{ id: 1 }, { id: 2 }];
    const team = new Collection<Member>([player!]);
    bindCollection(team, { relation: players!, owner: {}, loader: undefined });
    expect(() => team.remove(player!)).toThrow(/Player\.team is not nullable/);
    const club = new Collection<Member>([fan!]);
    bindCollection(club, { relation: fans!, owner: {}, loader: undefined });
    expect(club.remove(fan!)).toBe(true);
    expect(fan!.supports).toBeNull();
    expect(club.remove(fan!)).toBe(false);
  });
});

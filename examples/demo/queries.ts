/** SQL that a person would ask of the data. Every answer is compared with one computed from the files in plain code. */

import type { Database } from 'varve';
import type { AirportRow, Dataset, FlightRow } from './dataset.js';
import { Airport } from './entities.js';
import { type Report, timed } from './report.js';

export async function runQueries(db: Database, dataset: Dataset, report: Report): Promise<void> {
  const airports = new Map(dataset.airports.map((airport) => [airport.iata, airport]));
  await worstAverageDelay(db, dataset.flights, airports, report);
  await busiestStatePairs(db, dataset.flights, airports, report);
  await longestFlights(db, dataset.flights, airports, report);
  await windowOfDates(db, dataset.flights, report);
  await departuresOf('SEA', db, dataset.flights, report);
}

async function worstAverageDelay(
  db: Database,
  flights: readonly FlightRow[],
  airports: ReadonlyMap<string, AirportRow>,
  report: Report,
): Promise<void> {
  report.section('Where does one wait longest? (average delay by origin, at least 100 flights)');
  const [rows, seconds] = await timed(
    () => db.sql<{ origin: string; name: string; flights: number; delay: number }>`
      SELECT f.origin, a.name, COUNT(*) AS flights, AVG(f.delay_minutes) AS delay
      FROM flights f JOIN airports a ON a.iata = f.origin
      GROUP BY f.origin, a.name
      HAVING COUNT(*) >= ${100}
      ORDER BY delay DESC
      LIMIT 8`,
  );
  report.table(
    ['origin', 'airport', 'flights', 'average delay, min'],
    rows.map((row) => [row.origin, row.name, row.flights, row.delay]),
  );
  const expected = [...groupBy(flights, (flight) => flight.origin)]
    .filter(([, group]) => group.length >= 100)
    .map(([origin, group]) => ({
      origin,
      name: airports.get(origin)?.name,
      flights: group.length,
      delay: group.reduce((total, flight) => total + flight.delayMinutes, 0) / group.length,
    }))
    .sort((a, b) => b.delay - a.delay)
    .slice(0, 8);
  report.checkEqual(`the same as computed from the file (${milliseconds(seconds)})`, rounded(rows), rounded(expected));
}

async function busiestStatePairs(
  db: Database,
  flights: readonly FlightRow[],
  airports: ReadonlyMap<string, AirportRow>,
  report: Report,
): Promise<void> {
  report.section('Which states are connected best? (flights joined with both of their airports)');
  const [rows, seconds] = await timed(
    () => db.sql<{ from_state: string; to_state: string; flights: number; miles: number }>`
      SELECT o.state AS from_state, d.state AS to_state, COUNT(*) AS flights, SUM(f.distance_miles) AS miles
      FROM flights f
      JOIN airports o ON o.iata = f.origin
      JOIN airports d ON d.iata = f.destination
      WHERE o.state <> d.state
      GROUP BY o.state, d.state
      ORDER BY flights DESC, from_state, to_state
      LIMIT 6`,
  );
  report.table(
    ['from', 'to', 'flights', 'miles'],
    rows.map((row) => [row.from_state, row.to_state, row.flights, row.miles]),
  );
  const pairs = groupBy(flights, ({ origin, destination }) =>
    JSON.stringify([airports.get(origin)?.state, airports.get(destination)?.state]),
  );
  const expected = [...pairs]
    .map(([pair, group]) => {
      const [from_state, to_state] = JSON.parse(pair) as [string | null, string | null];
      const miles = group.reduce((total, flight) => total + flight.distanceMiles, 0);
      return { from_state, to_state, flights: group.length, miles };
    })
    .filter((row) => row.from_state !== null && row.to_state !== null && row.from_state !== row.to_state)
    .sort(
      (a, b) => b.flights - a.flights || compareText(a.from_state, b.from_state) || compareText(a.to_state, b.to_state),
    )
    .slice(0, 6);
  report.checkEqual(`the same as computed from the file (${milliseconds(seconds)})`, [...rows], expected);
}

async function longestFlights(
  db: Database,
  flights: readonly FlightRow[],
  airports: ReadonlyMap<string, AirportRow>,
  report: Report,
): Promise<void> {
  report.section('Who flies farthest? (top 10 by distance)');
  const [rows, seconds] = await timed(
    () => db.sql<{ departed_at: Date; from_city: string; to_city: string; distance_miles: number }>`
      SELECT f.departed_at, o.city AS from_city, d.city AS to_city, f.distance_miles
      FROM flights f
      JOIN airports o ON o.iata = f.origin
      JOIN airports d ON d.iata = f.destination
      ORDER BY f.distance_miles DESC, f.departed_at, f.id
      LIMIT 10`,
  );
  report.table(
    ['departure', 'from', 'to', 'miles'],
    rows.map((row) => [row.departed_at, row.from_city, row.to_city, row.distance_miles]),
  );
  const expected = flights
    .toSorted((a, b) => b.distanceMiles - a.distanceMiles || a.departedAt.getTime() - b.departedAt.getTime())
    .slice(0, 10)
    .map((flight) => ({
      departed_at: flight.departedAt,
      from_city: airports.get(flight.origin)?.city,
      to_city: airports.get(flight.destination)?.city,
      distance_miles: flight.distanceMiles,
    }));
  report.checkEqual(`the same as computed from the file (${milliseconds(seconds)})`, [...rows], expected);
}

async function windowOfDates(db: Database, flights: readonly FlightRow[], report: Report): Promise<void> {
  report.section("What happened on Valentine's Day? (a window of dates, through the index on departed_at)");
  const from = new Date('2001-02-14T00:00:00Z');
  const to = new Date('2001-02-15T00:00:00Z');
  const [rows, seconds] = await timed(
    () => db.sql<{ flights: number; late: number; worst: number }>`
      SELECT COUNT(*) AS flights, SUM(CASE WHEN delay_minutes > 30 THEN 1 ELSE 0 END) AS late, MAX(delay_minutes) AS worst
      FROM flights
      WHERE departed_at >= ${from} AND departed_at < ${to}`,
  );
  report.table(
    ['flights', 'more than 30 min late', 'worst delay, min'],
    rows.map((row) => [row.flights, row.late, row.worst]),
  );
  const window = flights.filter(({ departedAt }) => departedAt >= from && departedAt < to);
  const expected = {
    flights: window.length,
    late: window.filter((flight) => flight.delayMinutes > 30).length,
    worst: Math.max(...window.map((flight) => flight.delayMinutes)),
  };
  report.checkEqual(`the same as computed from the file (${milliseconds(seconds)})`, [...rows], [expected]);
  const plan = await db.sql<Record<string, string>>(
    'EXPLAIN SELECT id FROM flights WHERE departed_at >= $1 AND departed_at < $2',
    [from, to],
  );
  const lines = plan.map((row) => Object.values(row).join(' '));
  for (const line of lines) report.note(line);
  report.check(
    'the plan reads a range of the index, not the table',
    lines.some((line) => /index/i.test(line)),
  );
}

async function departuresOf(iata: string, db: Database, flights: readonly FlightRow[], report: Report): Promise<void> {
  report.section('The same through entities: an airport with its departures');
  const [airport, seconds] = await timed(() =>
    db.repository(Airport).findOne({ iata }, { with: { departures: true } }),
  );
  const departures = [...(airport?.departures ?? [])];
  const longest = departures.toSorted((a, b) => b.distanceMiles - a.distanceMiles)[0];
  report.table(
    ['airport', 'departures', 'longest, miles'],
    [[airport?.name, departures.length, longest?.distanceMiles]],
  );
  const expected = flights.filter(({ origin }) => origin === iata).map(({ departedAt }) => departedAt.getTime());
  const found = departures.map(({ departedAt }) => departedAt.getTime());
  report.checkEqual(
    `the same as computed from the file (${milliseconds(seconds)})`,
    found.sort(ascending),
    expected.sort(ascending),
  );
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Sums of floating-point numbers depend on their order; nine digits are plenty for minutes. */
function rounded<Row extends { delay: number }>(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, delay: Number(row.delay.toPrecision(9)) }));
}

function ascending(a: number, b: number): number {
  return a - b;
}

function compareText(a: string | null, b: string | null): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}

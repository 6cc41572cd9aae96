/** A snapshot keeps its view of everything while the database moves on. */

import type { Database, DatabaseSnapshot } from 'varve';
import { Airport } from './entities.js';
import type { Report } from './report.js';

interface View {
  readonly flights: number;
  readonly fromAtlanta: number;
  readonly atlanta: string | undefined;
  readonly balance: unknown;
}

async function look(at: Database | DatabaseSnapshot): Promise<View> {
  const [all] = await at.sql<{ n: number }>`SELECT COUNT(*) AS n FROM flights`;
  const [atlanta] = await at.sql<{ n: number }>`SELECT COUNT(*) AS n FROM flights WHERE origin = ${'ATL'}`;
  const airport = await at.repository(Airport).findById('ATL');
  return {
    flights: all?.n ?? Number.NaN,
    fromAtlanta: atlanta?.n ?? Number.NaN,
    atlanta: airport?.name,
    balance: await at.get(['account', 0]),
  };
}

export async function showSnapshot(db: Database, report: Report): Promise<void> {
  report.section('A snapshot, and the database that moves on');
  using snapshot = db.snapshot();
  const before = await look(snapshot);
  const deleted = await db.transaction(async (tx) => {
    const airport = await tx.repository(Airport).findById('ATL');
    if (airport === undefined) throw new Error('Atlanta is missing');
    airport.name = `${airport.name} (renamed)`; // written at commit
    await tx.put(['account', 0], 'closed');
    return (await tx.sql`DELETE FROM flights WHERE origin = ${'ATL'}`).count;
  });
  const [then, now] = [await look(snapshot), await look(db)];
  report.table(
    ['view', 'flights', 'from ATL', 'name of ATL', 'account 0'],
    [
      [`snapshot at ${snapshot.timestamp}`, then.flights, then.fromAtlanta, then.atlanta, String(then.balance)],
      [`database at ${db.timestamp}`, now.flights, now.fromAtlanta, now.atlanta, String(now.balance)],
    ],
  );
  report.checkEqual('the snapshot shows what it showed before the writes', then, before);
  const expected = {
    flights: before.flights - deleted,
    fromAtlanta: 0,
    atlanta: `${before.atlanta} (renamed)`,
    balance: 'closed',
  };
  report.checkEqual(`the database shows the rename and ${deleted} flights fewer`, now, expected);
  report.checkEqual('all flights from Atlanta were deleted', deleted, before.fromAtlanta);
}

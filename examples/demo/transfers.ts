/** A thousand transfers between accounts, all started at once: money is neither made nor lost, and conflicts retry. */

import type { Database, DatabaseTransaction } from 'varve';
import { type Report, timed } from './report.js';

const ACCOUNTS = 100;
const TRANSFERS = 1000;
const OPENING_BALANCE = 1000;
/** Everybody wants the same hundred accounts at the same moment; a loser may have to try quite often. */
const RETRIES = 100;

interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

export async function runTransfers(db: Database, report: Report): Promise<void> {
  report.section(`${TRANSFERS} concurrent transfers between ${ACCOUNTS} accounts`);
  await db.batch(
    Array.from({ length: ACCOUNTS }, (_, i) => ({ type: 'put' as const, key: ['account', i], value: OPENING_BALANCE })),
  );
  const transfers = planTransfers();
  let retries = 0;
  const [outcomes, seconds] = await timed(() =>
    Promise.all(
      transfers.map((transfer) =>
        db.transaction((tx) => execute(tx, transfer), { retries: RETRIES, onRetry: () => retries++ }),
      ),
    ),
  );
  const done = transfers.filter((_, i) => outcomes[i] === true);
  report.table(
    ['transfers', 'refused for lack of money', 'conflicts retried', 'seconds', 'transfers/s'],
    [[done.length, TRANSFERS - done.length, retries, seconds, Math.round(TRANSFERS / seconds)]],
  );
  await checkBalances(db, done, report);
  report.check('some transfers conflicted and were retried', retries > 0);
}

async function execute(tx: DatabaseTransaction, { from, to, amount }: Transfer): Promise<boolean> {
  const source = await tx.get<number>(['account', from]);
  const target = await tx.get<number>(['account', to]);
  if (source === undefined || target === undefined) throw new Error('an account is missing');
  if (source < amount) return false;
  await tx.put(['account', from], source - amount);
  await tx.put(['account', to], target + amount);
  return true;
}

async function checkBalances(db: Database, done: readonly Transfer[], report: Report): Promise<void> {
  const expected = Array.from({ length: ACCOUNTS }, () => OPENING_BALANCE);
  for (const { from, to, amount } of done) {
    expected[from]! -= amount;
    expected[to]! += amount;
  }
  const balances: number[] = [];
  for await (const [, balance] of db.scan<number>({ prefix: ['account'] })) balances.push(balance);
  const total = balances.reduce((sum, balance) => sum + balance, 0);
  report.checkEqual(`the total is still ${total.toLocaleString('en')}`, total, ACCOUNTS * OPENING_BALANCE);
  report.check(
    'no account is overdrawn',
    balances.every((balance) => balance >= 0),
  );
  report.checkEqual('every balance is its opening balance plus its transfers', balances, expected);
}

/** The same transfers in every run. Amounts are large enough for some to be refused. */
function planTransfers(): Transfer[] {
  return Array.from({ length: TRANSFERS }, (_, i) => {
    const from = (i * 37) % ACCOUNTS;
    return { from, to: (from + 1 + ((i * 53) % (ACCOUNTS - 1))) % ACCOUNTS, amount: 1 + ((i * 7919) % 500) };
  });
}

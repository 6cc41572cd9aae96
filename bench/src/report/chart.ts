/**
 * A bar chart of a suite as SVG, drawn by Vega-Lite without a browser: each engine relative to the fastest in a workload, or
 * the facts of a suite that has one engine only.
 */

import { ENGINES, importPeer } from '../engine.js';
import { SUITES } from '../suite.js';
import { byWorkload, type Results, rowsOf } from './results.js';

interface VegaModule {
  readonly View: new (runtime: unknown, options: { renderer: 'none' }) => { toSVG(): Promise<string> };
  parse(specification: unknown): unknown;
}

interface VegaLiteModule {
  compile(specification: unknown): { readonly spec: unknown };
}

/** Colours that also differ for the colour-blind (Okabe and Ito, 2008); Varve's is the strong one. */
const COLOURS = ['#0072b2', '#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#999999'];

interface Chart {
  readonly title: string;
  readonly series: readonly string[];
  readonly colours: readonly string[];
  readonly isShare: boolean;
  readonly bars: readonly Bar[];
}

interface Bar {
  readonly workload: string;
  readonly series: string;
  readonly value: number;
}

export async function drawChart(results: Results): Promise<string> {
  const [vega, vegaLite] = await Promise.all([importPeer<VegaModule>('vega'), importPeer<VegaLiteModule>('vega-lite')]);
  const facts = SUITES[results.suite]!.chart;
  const chart = facts === undefined ? enginesChart(results) : factsChart(results, facts);
  const { spec } = vegaLite.compile(specificationOf(chart));
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}

function enginesChart(results: Results): Chart {
  const bars = [...byWorkload(rowsOf(results))].flatMap(([workload, rows]) => {
    const fastest = Math.max(...rows.map((row) => row.opsPerSec));
    return rows.map(({ engine, opsPerSec }) => ({ workload, series: engine, value: opsPerSec / fastest }));
  });
  const all = Object.keys(ENGINES);
  const series = all.filter((engine) => bars.some((bar) => bar.series === engine));
  const colours = series.map((engine) => COLOURS[all.indexOf(engine)]!);
  return { title: 'operations per second, relative to the fastest', series, colours, isShare: true, bars };
}

function factsChart(results: Results, { title, facts }: { title: string; facts: readonly string[] }): Chart {
  const bars = rowsOf(results).flatMap((row) =>
    facts.flatMap((fact) => {
      const value = row.facts[fact];
      return value === undefined ? [] : [{ workload: row.workload, series: fact, value }];
    }),
  );
  return { title, series: facts, colours: COLOURS.slice(0, facts.length), isShare: false, bars };
}

function specificationOf({ title, series, colours, isShare, bars }: Chart): unknown {
  const workloads = [...new Set(bars.map((bar) => bar.workload))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { values: bars },
    mark: 'bar',
    background: 'white',
    width: 420,
    height: { step: 9 },
    encoding: {
      y: { field: 'workload', type: 'nominal', sort: workloads, title: null, axis: { labelFontSize: 12 } },
      yOffset: { field: 'series', sort: series },
      x: {
        field: 'value',
        type: 'quantitative',
        ...(isShare ? { scale: { domain: [0, 1] }, axis: { format: '.0%' } } : {}),
        title,
      },
      color: {
        field: 'series',
        type: 'nominal',
        sort: series,
        scale: { domain: series, range: colours },
        legend: { orient: 'top', title: null },
      },
    },
  };
}

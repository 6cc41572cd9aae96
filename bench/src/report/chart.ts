/** A bar chart of a suite as SVG, drawn by Vega-Lite without a browser: each engine relative to the fastest in a workload. */

import { ENGINES, importPeer } from '../engine.js';
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

interface Bar {
  readonly workload: string;
  readonly engine: string;
  readonly share: number;
}

export async function drawChart(results: Results): Promise<string> {
  const [vega, vegaLite] = await Promise.all([importPeer<VegaModule>('vega'), importPeer<VegaLiteModule>('vega-lite')]);
  const { spec } = vegaLite.compile(specificationOf(barsOf(results)));
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}

function barsOf(results: Results): Bar[] {
  return [...byWorkload(rowsOf(results))].flatMap(([workload, rows]) => {
    const fastest = Math.max(...rows.map((row) => row.opsPerSec));
    return rows.map(({ engine, opsPerSec }) => ({ workload, engine, share: opsPerSec / fastest }));
  });
}

function specificationOf(bars: readonly Bar[]): unknown {
  const workloads = [...new Set(bars.map((bar) => bar.workload))];
  const engines = Object.keys(ENGINES).filter((engine) => bars.some((bar) => bar.engine === engine));
  const colours = engines.map((engine) => COLOURS[Object.keys(ENGINES).indexOf(engine)]);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { values: bars },
    mark: 'bar',
    background: 'white',
    width: 420,
    height: { step: 9 },
    encoding: {
      y: { field: 'workload', type: 'nominal', sort: workloads, title: null, axis: { labelFontSize: 12 } },
      yOffset: { field: 'engine', sort: engines },
      x: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { format: '.0%', grid: true },
        title: 'operations per second, relative to the fastest',
      },
      color: {
        field: 'engine',
        type: 'nominal',
        sort: engines,
        scale: { domain: engines, range: colours },
        legend: { orient: 'top', title: null },
      },
    },
  };
}

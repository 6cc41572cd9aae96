/** The real input: three files of the npm package vega-datasets (BSD-3-Clause), read into plain rows. */

import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

export interface AirportRow {
  readonly iata: string;
  readonly name: string;
  readonly city: string | null;
  readonly state: string | null;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

export interface FlightRow {
  readonly departedAt: Date;
  readonly delayMinutes: number;
  readonly distanceMiles: number;
  readonly origin: string;
  readonly destination: string;
}

export interface ZipCodeRow {
  readonly code: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly city: string;
  readonly state: string;
  readonly county: string;
}

export interface Dataset {
  readonly airports: readonly AirportRow[];
  readonly flights: readonly FlightRow[];
  readonly zipCodes: readonly ZipCodeRow[];
}

interface RawFlight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

function readDataFile(name: string): Buffer {
  return readFileSync(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')));
}

function readCsv(name: string): Record<string, string>[] {
  return parse<Record<string, string>>(readDataFile(name), { columns: true, bom: true });
}

/** A field that the file has for every record. */
function field(record: Record<string, string>, name: string): string {
  const value = record[name];
  if (value === undefined) throw new Error(`the data file has no column ${name}`);
  return value;
}

/** The files write `NA` where they know nothing. */
function known(text: string): string | null {
  return text === 'NA' || text === '' ? null : text;
}

/** "2001/01/31 17:05", taken as UTC. */
function parseMinute(text: string): Date {
  return new Date(`${text.slice(0, 10).replaceAll('/', '-')}T${text.slice(11)}:00Z`);
}

export function readDataset(): Dataset {
  return {
    airports: readCsv('airports.csv').map((record) => ({
      iata: field(record, 'iata'),
      name: field(record, 'name'),
      city: known(field(record, 'city')),
      state: known(field(record, 'state')),
      country: field(record, 'country'),
      latitude: Number(field(record, 'latitude')),
      longitude: Number(field(record, 'longitude')),
    })),
    flights: (JSON.parse(readDataFile('flights-20k.json').toString()) as RawFlight[]).map((flight) => ({
      departedAt: parseMinute(flight.date),
      delayMinutes: flight.delay,
      distanceMiles: flight.distance,
      origin: flight.origin,
      destination: flight.destination,
    })),
    zipCodes: readCsv('zipcodes.csv').map((record) => ({
      code: field(record, 'zip_code'),
      latitude: Number(field(record, 'latitude')),
      longitude: Number(field(record, 'longitude')),
      city: field(record, 'city'),
      state: field(record, 'state'),
      county: field(record, 'county'),
    })),
  };
}

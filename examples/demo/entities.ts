/** The tables of the demo, as decorated classes. Columns are named in snake_case unless said otherwise. */

import { type Collection, Column, Entity, Index, ManyToOne, OneToMany, PrimaryKey } from 'varve';

@Entity({ table: 'airports' })
export class Airport {
  @PrimaryKey('text') iata!: string;
  @Column('text') name!: string;
  @Column('text', { nullable: true }) city!: string | null;
  @Column('text', { nullable: true }) state!: string | null;
  @Column('text') country!: string;
  @Column('double') latitude!: number;
  @Column('double') longitude!: number;
  @OneToMany(
    () => Flight,
    (flight) => flight.origin,
  )
  departures!: Collection<Flight>;
}

@Entity({ table: 'flights' })
export class Flight {
  @PrimaryKey('integer', { generated: 'increment' }) id!: number;
  @Index() @Column('timestamp') departedAt!: Date;
  @Column('integer') delayMinutes!: number;
  @Column('integer') distanceMiles!: number;
  @ManyToOne(
    () => Airport,
    (airport) => airport.departures,
    { columns: ['origin'] },
  )
  origin!: Airport;
  @ManyToOne(() => Airport, { columns: ['destination'] }) destination!: Airport;
}

@Entity({ table: 'zip_codes' })
export class ZipCode {
  @PrimaryKey('text') code!: string;
  @Column('double') latitude!: number;
  @Column('double') longitude!: number;
  @Column('text') city!: string;
  @Column('text') state!: string;
  @Column('text') county!: string;
}

export const ENTITIES = [Airport, Flight, ZipCode];

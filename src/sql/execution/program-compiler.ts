/** From any bound statement to the program that runs it. */

import type { Binding } from '../binder/statement-binder.js';
import { DeleteProgram, InsertProgram, UpdateProgram } from './change-program.js';
import { DefinitionProgram } from './definition-program.js';
import type { Program } from './program.js';
import { ExplainProgram, QueryProgram } from './query-program.js';
import type { TableAccess } from './table-access.js';

export function compileProgram({ statement, frameSize }: Binding, tables: TableAccess): Program {
  switch (statement.kind) {
    case 'select':
      return new QueryProgram(statement.query);
    case 'explain':
      return new ExplainProgram(statement, frameSize);
    case 'insert':
      return new InsertProgram(statement, tables);
    case 'update':
      return new UpdateProgram(statement, tables);
    case 'delete':
      return new DeleteProgram(statement, tables);
    default:
      return new DefinitionProgram(statement, tables);
  }
}

/** What `varve` on the command line runs. Exits by itself, when everything written has been taken. */

import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), process);

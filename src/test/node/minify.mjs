// The small form of a module, as millrace.min.js is made: node minify.mjs FROM TO
import {transform} from 'esbuild';
import {readFile, writeFile} from 'node:fs/promises';

const [from, to] = process.argv.slice(2);
const {code} = await transform(await readFile(from, 'utf8'), {minify: true, format: 'esm', target: 'es2022', charset: 'utf8'});
await writeFile(to, code);

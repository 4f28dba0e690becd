// Takes the pictures of docs/img: source .mercado/env of a running demo stack, then
// `npm ci && npm run shoot` in this folder. It places a few orders and loads the day, as a person
// would, and needs bin/mercado and a Chromium (CHROMIUM, default /usr/bin/chromium).
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '../..');
const mercado = process.env.MERCADO ?? path.join(root, 'bin/mercado');
const api = `http://${process.env.MERCADO_API_ADDR}`;
const temporal = `${process.env.MERCADO_TEMPORAL_UI}/namespaces/${process.env.TEMPORAL_NAMESPACE ?? 'default'}`;
const maximalBytes = 300_000;

const run = (...args) => execFileSync(mercado, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

async function call(token, method, where, body, headers = {}) {
  const response = await fetch(api + where, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function order(customer, token, items) {
  const bearer = run('token', '--role', 'customer', '--customer', String(customer));
  for (const item of items) {
    await call(bearer, 'PUT', `/api/cart/items/${item}`, { qty: 1 });
  }
  return call(bearer, 'POST', '/api/checkout', {
    payment_method: { type: 'card', token },
    shipping_address: { line1: 'Rua Augusta 1', city: 'Lisboa', country: 'PT', postal_code: '1100-048' },
  }, { 'idempotency-key': `picture-${customer}-${Date.now()}` });
}

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

// What there is to see: orders that are confirmed, one that is declined, a day that is loaded.
const { items: products } = await (await fetch(`${api}/api/catalog/products?limit=20`)).json();
const stocked = products.filter((product) => product.available >= 5).map((product) => product.id);
const placed = [];
for (let customer = 1; customer <= 6; customer++) {
  const wanted = [0, 1, 2].map((i) => stocked[(customer + 3 * i) % stocked.length]);
  const items = customer === 1 ? wanted.slice(0, 1) : [...new Set(wanted)]; // the first is the one that is shown
  placed.push(await order(customer, customer === 4 ? 'decline' : 'approve', items));
}
const [shown] = placed.filter((answer) => answer.status === 'confirmed');
const loaded = JSON.parse(run('etl', 'run', '--from', day(0), '--to', day(1), '--output', 'json'));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme: 'light' });

async function shoot(name, address, ready, height = 1000) {
  await page.setViewportSize({ width: 1600, height });
  await page.goto(address);
  await ready();
  await page.waitForLoadState('networkidle').catch(() => {}); // the UI polls: it may never be idle
  const file = path.join(root, 'docs/img', `${name}.png`);
  await page.screenshot({ path: file });
  const { size } = statSync(file);
  console.log(`${file} ${Math.round(size / 1000)} kB`);
  if (size > maximalBytes) throw new Error(`${file} is larger than ${maximalBytes} bytes`);
}

const history = (id) => `${temporal}/workflows/${encodeURIComponent(id)}`;
const sees = (text) => () => page.getByText(text).first().waitFor({ timeout: 20_000 });

await shoot('temporal-workflows', `${temporal}/workflows`, sees('Checkout'));
await shoot('temporal-checkout', history(`checkout/${shown.id}`), sees('Workflow Execution Completed'), 1320);
await shoot('temporal-fulfilment', history(`fulfilment/${shown.id}`), sees('Workflow Execution Completed'), 1250);
await shoot('temporal-etl-run', history(`etl/${loaded.id}`), sees('record that the run succeeded'), 1300);
await shoot('temporal-etl-details', page.url().replace(/history$/, 'user-metadata'), sees('Current Details'));
const published = `WorkflowType = 'DailyETL' and EtlIntervalTo > '${day(0)}T12:00:00Z' and EtlStep = 'publish'`;
await shoot('temporal-etl-search', `${temporal}/workflows?query=${encodeURIComponent(published)}`, sees('DailyETL'), 620);
await shoot('api-docs', `${api}/docs`, sees('Buy what is in your cart'));
await browser.close();

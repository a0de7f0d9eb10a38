// What a script tells its test: one line of JSON with the outcome of each of its scenes. A scene's error is its
// outcome. A connection to anywhere but this machine is refused and told.
import net from 'node:net';

export const BASE = process.env.SIMULATOR;
export const QUESTION = 'Why is the sky blue?';
export const WEATHER = 'What is the weather in Paris?';
export const ERRANDS =
  'What is the weather in Paris? Convert 20 euros to USD and send an email to ann@example.com about it.';
export const FACTS = 'Describe the person: Ann is 31 years old.';
export const MOST_TURNS = 8;

const HERE = new Set(['127.0.0.1', 'localhost', '::1']);
const outcomes = {};
const strays = [];

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  const host = typeof options === 'object' ? options.host : undefined;
  if (host !== undefined && !HERE.has(host)) {
    strays.push(host);
    throw new Error(`${host} is not on this machine`);
  }
  return connect.apply(this, given);
};

export async function scene(name, play) {
  try {
    outcomes[name] = { value: (await play()) ?? null };
  } catch (error) {
    outcomes[name] = { error: `${error?.stack ?? error}\n${error?.responseBody ?? ''}` };
  }
}

export function tell() {
  console.log(JSON.stringify({ outcomes, strays }));
}

// What is told of a request that must fail.
export async function failure(ask) {
  try {
    await ask();
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

export const tools = {
  get_weather: ({ city }) => `It is 21 degrees in ${city}.`,
  convert_currency: ({ amount, currency }) => `${amount} in ${currency}`,
  send_email: ({ to }) => `sent to ${to}`,
};

const text = { type: 'string' };
export const declarations = [
  {
    name: 'get_weather',
    description: 'The current weather in a city',
    schema: { type: 'object', properties: { city: text }, required: ['city'] },
  },
  {
    name: 'convert_currency',
    description: 'Convert an amount of money to another currency',
    schema: {
      type: 'object',
      properties: { amount: { type: 'number' }, currency: text },
      required: ['amount', 'currency'],
    },
  },
  {
    name: 'send_email',
    description: 'Send an email to somebody',
    schema: { type: 'object', properties: { to: { ...text, format: 'email' }, subject: text }, required: ['to', 'subject'] },
  },
];

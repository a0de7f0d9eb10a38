import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { BASE, ERRANDS, FACTS, QUESTION, WEATHER, declarations, failure, scene, tell, tools } from './scenes.mjs';

const client = new Anthropic({ baseURL: BASE, apiKey: 'sk-ant-test', maxRetries: 0 });
const Person = z.object({ name: z.string(), age: z.number().int(), interests: z.array(z.string()) });
const said = (content) => [{ role: 'user', content }];
const model = 'claude-sonnet-5-5';
const ask = { model, max_tokens: 4000, messages: said(QUESTION) };
const textOf = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');

await scene('plain', async () => {
  const message = await client.messages.create(ask);
  return { text: textOf(message), usage: message.usage.output_tokens };
});
await scene('streamed', async () => {
  const stream = client.messages.stream(ask);
  let text = '';
  let chunks = 0;
  stream.on('text', (delta) => {
    text += delta;
    chunks += 1;
  });
  const message = await stream.finalMessage();
  if (textOf(message) !== text) throw new Error('the message is not what was streamed');
  return { text, usage: message.usage.output_tokens, chunks };
});
await scene('streamed tools', async () => {
  const given = declarations.map(({ name, description, schema }) => ({ name, description, input_schema: schema }));
  const message = await client.messages.stream({ ...ask, messages: said(WEATHER), tools: given }).finalMessage();
  return message.content.filter((block) => block.type === 'tool_use').map((block) => [block.name, block.input]);
});
await scene('agent', async () => {
  const calls = [];
  const shapes = {
    get_weather: z.object({ city: z.string() }),
    convert_currency: z.object({ amount: z.number(), currency: z.string() }),
    send_email: z.object({ to: z.email(), subject: z.string() }),
  };
  const given = declarations.map(({ name, description }) =>
    betaZodTool({
      name,
      description,
      inputSchema: shapes[name],
      run: (input) => {
        calls.push([name, input]);
        return tools[name](input);
      },
    }),
  );
  const message = await client.beta.messages.toolRunner({ ...ask, messages: said(ERRANDS), tools: given });
  return { text: textOf(message), calls };
});
await scene('shaped', async () => {
  const message = await client.messages.parse({
    ...ask,
    messages: said(FACTS),
    output_config: { format: zodOutputFormat(Person) },
  });
  return message.parsed_output;
});
await scene('count', async () => (await client.messages.countTokens({ model, messages: said(QUESTION) })).input_tokens);
await scene('models', async () => {
  const names = [];
  for await (const each of client.models.list({ limit: 5 })) names.push(each.id);
  return names;
});
await scene('unknown', async () => {
  const error = await failure(() => client.messages.create({ ...ask, model: 'no-such-model' }));
  return [error instanceof Anthropic.NotFoundError, error.status, error.type];
});
await scene('limited', async () => {
  const error = await failure(() => client.messages.create({ ...ask, model: 'claude-opus-4-7' }));
  return [error instanceof Anthropic.RateLimitError, error.status, error.headers.get('retry-after')];
});
tell();

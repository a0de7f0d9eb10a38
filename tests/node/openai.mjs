import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { BASE, ERRANDS, FACTS, QUESTION, WEATHER, declarations, failure, scene, tell, tools } from './scenes.mjs';

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: 'sk-test', maxRetries: 0 });
const azure = new AzureOpenAI({ endpoint: BASE, apiKey: 'key', apiVersion: '2025-04-01-preview', maxRetries: 0 });
const Person = z.object({ name: z.string(), age: z.number().int(), interests: z.array(z.string()) });
const said = (content) => [{ role: 'user', content }];
const model = 'gpt-4o-mini';

for (const [name, chat] of Object.entries({ openai: client.chat.completions, azure: azure.chat.completions })) {
  const ask = { model, messages: said(QUESTION) };
  await scene(`${name} plain`, async () => {
    const answer = await chat.create(ask);
    return { text: answer.choices[0].message.content, usage: answer.usage.total_tokens };
  });
  await scene(`${name} streamed`, async () => {
    const stream = await chat.create({ ...ask, stream: true, stream_options: { include_usage: true } });
    const told = { text: '', usage: 0, chunks: 0 };
    for await (const chunk of stream) {
      told.text += chunk.choices[0]?.delta.content ?? '';
      told.usage = chunk.usage?.total_tokens ?? told.usage;
      told.chunks += 1;
    }
    return told;
  });
  await scene(`${name} agent`, async () => {
    const calls = [];
    const runner = chat.runTools({
      model,
      messages: said(ERRANDS),
      tools: declarations.map(({ name: own, description, schema }) => ({
        type: 'function',
        function: {
          name: own,
          description,
          parameters: schema,
          parse: JSON.parse,
          function: (given) => {
            calls.push([own, given]);
            return tools[own](given);
          },
        },
      })),
    });
    return { text: await runner.finalContent(), calls };
  });
  await scene(`${name} streamed tools`, async () => {
    const given = declarations.map(({ name: own, description, schema }) => ({
      type: 'function',
      function: { name: own, description, parameters: schema },
    }));
    const stream = chat.stream({ model, messages: said(WEATHER), tools: given });
    const answer = await stream.finalChatCompletion();
    return answer.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  });
  await scene(`${name} shaped`, async () => {
    const answer = await chat.parse({ model, messages: said(FACTS), response_format: zodResponseFormat(Person, 'person') });
    return answer.choices[0].message.parsed;
  });
}

await scene('responses plain', async () => {
  const answer = await client.responses.create({ model: 'gpt-5.5', input: QUESTION });
  return { text: answer.output_text, usage: answer.usage.total_tokens };
});
await scene('responses streamed', async () => {
  const stream = client.responses.stream({ model: 'gpt-5.5', input: QUESTION });
  let chunks = 0;
  let text = '';
  stream.on('response.output_text.delta', (event) => {
    chunks += 1;
    text += event.delta;
  });
  const answer = await stream.finalResponse();
  return { text, usage: answer.usage.total_tokens, chunks };
});
await scene('responses agent', async () => {
  const calls = [];
  const given = declarations.map(({ name, description, schema }) => ({
    type: 'function',
    name,
    description,
    parameters: schema,
    strict: false,
  }));
  let answer = await client.responses.create({ model: 'gpt-5.5', input: ERRANDS, tools: given });
  while (answer.output.some((item) => item.type === 'function_call')) {
    const input = answer.output
      .filter((item) => item.type === 'function_call')
      .map((item) => {
        const told = JSON.parse(item.arguments);
        calls.push([item.name, told]);
        return { type: 'function_call_output', call_id: item.call_id, output: tools[item.name](told) };
      });
    answer = await client.responses.create({
      model: 'gpt-5.5',
      previous_response_id: answer.id,
      input,
      tools: given,
    });
    if (calls.length > 20) throw new Error('no end');
  }
  return { text: answer.output_text, calls };
});
await scene('responses shaped', async () => {
  const format = zodTextFormat(Person, 'person');
  return (await client.responses.parse({ model: 'gpt-5.5', input: FACTS, text: { format } })).output_parsed;
});
await scene('embedding', async () => {
  const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
  return answer.data.map((each) => each.embedding.length);
});
await scene('models', async () => {
  const names = [];
  for await (const each of client.models.list()) names.push(each.id);
  return names;
});
await scene('file', async () => {
  const file = await client.files.create({ file: await toFile(Buffer.from('{}\n'), 'a.jsonl'), purpose: 'batch' });
  const content = await (await client.files.content(file.id)).text();
  await client.files.delete(file.id);
  return [file.filename, file.bytes, content];
});
await scene('unknown', async () => {
  const error = await failure(() => client.chat.completions.create({ model: 'no-such-model', messages: said('Hi') }));
  return [error instanceof OpenAI.NotFoundError, error.status, error.code];
});
await scene('limited', async () => {
  const error = await failure(() => client.chat.completions.create({ model: 'gpt-4-0314', messages: said('Hi') }));
  return [error instanceof OpenAI.RateLimitError, error.status, error.headers.get('retry-after')];
});
tell();

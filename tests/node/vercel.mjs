import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  Output,
  embedMany,
  generateObject,
  generateText,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} from 'ai';
import { z } from 'zod';
import {
  BASE,
  ERRANDS,
  FACTS,
  MOST_TURNS,
  QUESTION,
  WEATHER,
  declarations,
  failure,
  scene,
  tell,
  tools as run,
} from './scenes.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;
const openai = createOpenAI({ baseURL: `${BASE}/v1`, apiKey: 'sk-test' });
const anthropic = createAnthropic({ baseURL: `${BASE}/v1`, apiKey: 'sk-ant-test' });
const google = createGoogle({ baseURL: `${BASE}/v1beta`, apiKey: 'key' });
const models = {
  responses: openai('gpt-5.5'),
  chat: openai.chat('gpt-4o-mini'),
  anthropic: anthropic('claude-sonnet-5-5'),
  google: google('gemini-3.8-flash'),
};
const limited = {
  chat: openai.chat('gpt-4-0314'),
  anthropic: anthropic('claude-opus-4-7'),
  google: google('gemini-2.5-flash-lite'),
};
const shapes = {
  get_weather: z.object({ city: z.string() }),
  convert_currency: z.object({ amount: z.number(), currency: z.string() }),
  send_email: z.object({ to: z.email(), subject: z.string() }),
};
const tools = Object.fromEntries(
  declarations.map(({ name, description }) => [
    name,
    tool({ description, inputSchema: shapes[name], execute: async (given) => run[name](given) }),
  ]),
);
const schema = z.object({ name: z.string(), age: z.number().int(), interests: z.array(z.string()) });
const callsOf = (steps) => steps.flatMap((step) => step.toolCalls.map((call) => [call.toolName, call.input]));

function streaming(given) {
  const errors = [];
  const stream = streamText({ ...given, onError: ({ error }) => errors.push(error) });
  return { stream, end: () => { if (errors.length) throw errors[0]; } };
}

for (const [name, model] of Object.entries(models)) {
  const ask = { model, maxRetries: 0 };
  await scene(`${name} plain`, async () => {
    const answer = await generateText({ ...ask, prompt: QUESTION });
    return { text: answer.text, usage: answer.usage.totalTokens, finish: answer.finishReason, warnings: answer.warnings };
  });
  await scene(`${name} streamed`, async () => {
    const { stream, end } = streaming({ ...ask, prompt: QUESTION });
    let text = '';
    let chunks = 0;
    for await (const delta of stream.textStream) {
      text += delta;
      chunks += 1;
    }
    end();
    const { totalTokens } = await stream.usage;
    return { text, usage: totalTokens, finish: await stream.finishReason, warnings: await stream.warnings, chunks };
  });
  await scene(`${name} streamed tools`, async () => {
    const { stream, end } = streaming({ ...ask, prompt: WEATHER, tools });
    await stream.consumeStream();
    end();
    return callsOf(await stream.steps);
  });
  await scene(`${name} agent`, async () => {
    const answer = await generateText({ ...ask, prompt: ERRANDS, tools, stopWhen: stepCountIs(MOST_TURNS) });
    return { text: answer.text, calls: callsOf(answer.steps), steps: answer.steps.length };
  });
  await scene(`${name} object`, async () => (await generateObject({ ...ask, schema, prompt: FACTS })).object);
  await scene(`${name} output`, async () => {
    return (await generateText({ ...ask, prompt: FACTS, output: Output.object({ schema }) })).output;
  });
  await scene(`${name} streamed object`, async () => {
    const stream = streamObject({ ...ask, schema, prompt: FACTS });
    let parts = 0;
    for await (const part of stream.partialObjectStream) parts += part ? 1 : 0;
    return { parts, object: await stream.object };
  });
}
for (const [name, model] of Object.entries(limited)) {
  await scene(`${name} limited`, async () => {
    const error = await failure(() => generateText({ model, maxRetries: 0, prompt: QUESTION }));
    return [APICallError.isInstance(error), error.statusCode, error.isRetryable, error.responseHeaders['retry-after']];
  });
}
await scene('embedding', async () => {
  const model = openai.embedding('text-embedding-3-small');
  return (await embedMany({ model, values: ['one', 'two'], maxRetries: 0 })).embeddings.map((each) => each.length);
});
tell();

import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
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
  tools,
} from './scenes.mjs';

const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: BASE } });
const model = 'gemini-3.8-flash';
const ask = { model, contents: QUESTION };
const functionDeclarations = declarations.map(({ name, description, schema }) => ({
  name,
  description,
  parametersJsonSchema: schema,
}));
const offered = { tools: [{ functionDeclarations }] };

await scene('plain', async () => {
  const answer = await client.models.generateContent(ask);
  return { text: answer.text, usage: answer.usageMetadata.totalTokenCount };
});
await scene('streamed', async () => {
  const told = { text: '', usage: 0, chunks: 0 };
  for await (const chunk of await client.models.generateContentStream(ask)) {
    told.text += chunk.text ?? '';
    told.usage = chunk.usageMetadata?.totalTokenCount ?? told.usage;
    told.chunks += 1;
  }
  return told;
});
await scene('streamed tools', async () => {
  const calls = [];
  for await (const chunk of await client.models.generateContentStream({ model, contents: WEATHER, config: offered })) {
    calls.push(...(chunk.functionCalls ?? []).map((call) => [call.name, call.args]));
  }
  return calls;
});
await scene('agent', async () => {
  const calls = [];
  const chat = client.chats.create({ model, config: offered });
  let answer = await chat.sendMessage({ message: ERRANDS });
  for (let turn = 0; answer.functionCalls?.length; turn += 1) {
    if (turn > MOST_TURNS) throw new Error('no end');
    const message = answer.functionCalls.map(({ id, name, args }) => {
      calls.push([name, args]);
      return { functionResponse: { id, name, response: { output: tools[name](args) } } };
    });
    answer = await chat.sendMessage({ message });
  }
  return { text: answer.text, calls };
});
await scene('automatic', async () => {
  const calls = [];
  const callable = {
    tool: async () => ({ functionDeclarations }),
    callTool: async (made) =>
      made.map(({ id, name, args }) => {
        calls.push([name, args]);
        return { functionResponse: { id, name, response: { output: tools[name](args) } } };
      }),
  };
  const config = { tools: [callable], toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } } };
  const answer = await client.models.generateContent({ model, contents: ERRANDS, config });
  return { text: answer.text, calls };
});
await scene('shaped', async () => {
  const responseJsonSchema = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer' },
      interests: { type: 'array', items: { type: 'string' } },
    },
    required: ['name', 'age', 'interests'],
  };
  const config = { responseMimeType: 'application/json', responseJsonSchema };
  return JSON.parse((await client.models.generateContent({ model, contents: FACTS, config })).text);
});
await scene('count', async () => (await client.models.countTokens(ask)).totalTokens);
await scene('embedding', async () => {
  const answer = await client.models.embedContent({ model: 'gemini-embedding-001', contents: ['one', 'two'] });
  return answer.embeddings.map((each) => each.values.length);
});
await scene('models', async () => {
  const names = [];
  for await (const each of await client.models.list({ config: { pageSize: 5 } })) names.push(each.name);
  return names;
});
await scene('file', async () => {
  const file = await client.files.upload({ file: new Blob(['some words']), config: { mimeType: 'text/plain' } });
  const again = await client.files.get({ name: file.name });
  await client.files.delete({ name: file.name });
  return [again.name === file.name, Number(again.sizeBytes), again.mimeType];
});
await scene('unknown', async () => {
  const error = await failure(() => client.models.generateContent({ ...ask, model: 'no-such-model' }));
  return [error instanceof ApiError, error.status];
});
await scene('limited', async () => {
  const error = await failure(() => client.models.generateContent({ ...ask, model: 'gemini-2.5-flash-lite' }));
  return [error instanceof ApiError, error.status];
});
tell();

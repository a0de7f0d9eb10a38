-- The control document: a body at a revision.
-- KEYS[1] the tag, ARGV: how long it is kept (ms), then nothing, to read;
--   'change', base, body    replace what was read at revision `base`;
--   'put', revision, body   bring a document that is newer than what is here.
-- Returns  1 if it was done or 0, the revision and the body as they are afterwards.
local key = KEYS[1] .. ':control'
local kept = redis.call('HMGET', key, 'revision', 'body')
local revision, body = tonumber(kept[1] or 0), kept[2] or ''
local given = tonumber(ARGV[3])
local done = 1
if ARGV[2] == 'change' and revision == given then
  revision, body = revision + 1, ARGV[4]
elseif ARGV[2] == 'put' and given > revision then
  revision, body = given, ARGV[4]
elseif ARGV[2] then
  return { 0, revision, body }
else
  return { 1, revision, body }
end
redis.call('HSET', key, 'revision', string.format('%.0f', revision), 'body', body)
redis.call('PEXPIRE', key, ARGV[1])
redis.call('PUBLISH', key, string.format('%.0f', revision))
return { 1, revision, body }

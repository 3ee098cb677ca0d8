-- Forgets the messages of a batch, which the carrier has now.
-- KEYS[1] relay     HASH  owner: who moves messages; until: for how long in ms; batch: number of the last batch
-- KEYS[2] relaying  LIST  messages of that batch; no key once they are moved
-- KEYS[3] gate      HASH  how many tasks are at the carrier
-- ARGV    owner, number of the batch, lease in ms
-- RETURNS {OK, now}, or {HELD, now} when the batch is not the owner's, or not the last one
-- OOM     runs: DEL comes first and unlocks the rest
local now = now_ms()
local owner, batch, lease = take(), take(), tonumber(take())
local refused = wrong_type(KEYS[1], 'hash', KEYS[2], 'list', KEYS[3], 'hash')
if refused then
  return refused
end
local held, last = unpack(redis.call('HMGET', KEYS[1], 'owner', 'batch'))
if held ~= owner or last ~= batch then
  return {'HELD', now}
end
local moved = redis.call('LLEN', KEYS[2]) -- 0 when this is sent again
redis.call('DEL', KEYS[2])
if moved > 0 then
  redis.call('HINCRBY', KEYS[3], 'away', moved)
end
redis.call('HSET', KEYS[1], 'until', text(now + lease))
return {'OK', now}

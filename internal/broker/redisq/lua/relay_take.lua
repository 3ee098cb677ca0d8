-- Takes the messages that go to the carrier next, for the one process that moves them. They stay in Redis
-- until relay_done: until then everybody is given the same ones.
-- KEYS[1] relay       HASH  owner: who moves messages; until: for how long in ms; batch: number of the last batch
-- KEYS[2] relaying    LIST  messages of that batch, in their order; no key once they are moved
-- KEYS[3] landing     LIST  messages that woke somebody; they are next
-- KEYS[4] suspect     LIST  messages whose workers died twice
-- KEYS[5] ready:high  LIST  messages of high priority
-- KEYS[6] ready       LIST  messages, pushed left, taken right
-- KEYS[7] ready:low   LIST  messages of low priority
-- ARGV    owner, lease in ms, most messages, most bytes
-- RETURNS {OK, now, number of the batch, messages}, {EMPTY, now} when there is nothing to move, or
--         {HELD, now, ms left} when another process has the queue
-- OOM     runs: HDEL comes first and unlocks the rest
local now = now_ms()
local owner, lease, most, most_bytes = take(), tonumber(take()), tonumber(take()), tonumber(take())
local refused = wrong_type(
  KEYS[1], 'hash', KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'list', KEYS[5], 'list', KEYS[6], 'list', KEYS[7], 'list'
)
if refused then
  return refused
end
local held, ends, batch = unpack(redis.call('HMGET', KEYS[1], 'owner', 'until', 'batch'))
-- One that ends later than any could was begun before the clock was set back.
local ends_in = tonumber(ends or 0) - now
if held and held ~= owner and ends_in > 0 and ends_in <= lease then
  return {'HELD', now, ends_in}
end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'owner', owner, 'until', text(now + lease))
local messages, bytes = redis.call('LRANGE', KEYS[2], 0, -1), 0
if #messages > 0 then
  return {'OK', now, tonumber(batch), messages}
end
for _, list in ipairs({KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]}) do
  bytes = pop(list, messages, bytes, most, most_bytes)
end
if #messages == 0 then
  return {'EMPTY', now}
end
redis.call('RPUSH', KEYS[2], unpack(messages))
return {'OK', now, redis.call('HINCRBY', KEYS[1], 'batch', 1), messages}

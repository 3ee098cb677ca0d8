-- Tells how a queue is, in O(workers): its tasks by state, its limits, totals and samples.
-- KEYS[1] ready      LIST  messages, taken right; "" at the right end wakes a worker
-- KEYS[2] landing    LIST  messages that woke a worker; they count as ready
-- KEYS[3] groups     ZSET  lease group -> expiry in ms
-- KEYS[4] scheduled  ZSET  task id -> due in ms
-- KEYS[5] retry      ZSET  task id -> due in ms
-- KEYS[6] finished   LIST  ids of succeeded tasks
-- KEYS[7] dead       ZSET  task id -> died at, in ms
-- KEYS[8] cancelled  ZSET  task id -> forget at, in ms
-- KEYS[9] expired    ZSET  task id -> forget at, in ms
-- KEYS[10] gate      HASH  paused, draining, limits and their state
-- KEYS[11] finished:at ZSET  task id -> forget at, in ms; succeeded tasks of another retention
-- KEYS[12] ready:high LIST  messages of high priority
-- KEYS[13] ready:low LIST  messages of low priority
-- KEYS[14] suspect   LIST  messages whose workers died twice
-- KEYS[15] withdrawn SET   ids that were called off and are still on a list
-- KEYS[16] counters  HASH  name -> total
-- KEYS[17] samples   LIST  times and totals, newest left
-- KEYS[18] relaying LIST  messages on their way to the carrier, in their order
-- ARGV    prefix of the keys of hashes in flight
-- RETURNS {OK, now, {ready, leased, scheduled, retry, succeeded, dead, cancelled, expired}, {message that is next
--         on each list}, {paused, draining, rate, burst, concurrency, max_length: value or ""}, {counter, total, …}, samples}
-- OOM     runs: HDEL is the only write
local now = now_ms()
local leased = 0
for _, group in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  leased = leased + in_flight(ARGV[1] .. group)
end
local lists, ready = {KEYS[2], KEYS[1], KEYS[12], KEYS[13], KEYS[14]}, -redis.call('SCARD', KEYS[15])
for _, list in ipairs(lists) do
  ready = ready + redis.call('LLEN', list)
end
ready = ready - #redis.call('LPOS', KEYS[2], '', 'COUNT', 0)
if redis.call('LINDEX', KEYS[1], -1) == '' then
  ready = ready - 1
end
ready = ready + math.max(0, redis.call('LLEN', KEYS[18]) + (redis.call('HGET', KEYS[10], 'away') or 0)) -- as in waiting
local counts = {
  math.max(0, ready),
  leased,
  redis.call('ZCARD', KEYS[4]),
  redis.call('ZCARD', KEYS[5]),
  redis.call('LLEN', KEYS[6]) + redis.call('ZCARD', KEYS[11]),
  redis.call('ZCARD', KEYS[7]),
  redis.call('ZCARD', KEYS[8]),
  redis.call('ZCARD', KEYS[9]),
}
-- What was called off is not next. It looks at a few, as more than that hardly ever lie at the end.
local function next_of(list)
  for place = -1, -4, -1 do
    local message = redis.call('LINDEX', list, place)
    if not message then
      return ''
    end
    local id = string.match(message, '^{"id":"([^"]+)"') or ''
    if message ~= '' and redis.call('SISMEMBER', KEYS[15], id) == 0 then
      return message
    end
  end
  return ''
end
local next_up = {}
for i, list in ipairs(lists) do
  next_up[i] = next_of(list)
end
next_up[#next_up + 1] = redis.call('LINDEX', KEYS[18], 0) or ''
local gate = redis.call('HMGET', KEYS[10], 'paused', 'draining', 'rate', 'burst', 'concurrency', 'max_length')
if gate[2] and counts[1] + counts[2] + counts[3] + counts[4] == 0 then
  redis.call('HDEL', KEYS[10], 'draining') -- it is empty
  gate[2] = false
end
for i = 1, 6 do
  gate[i] = gate[i] or ''
end
return {'OK', now, counts, next_up, gate, redis.call('HGETALL', KEYS[16]), redis.call('LRANGE', KEYS[17], 0, -1)}

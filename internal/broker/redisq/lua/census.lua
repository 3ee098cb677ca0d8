-- Counts a queue's tasks by state, in O(workers).
-- KEYS[1] ready      LIST  messages, taken right
-- KEYS[2] landing    LIST  messages that woke a worker; they count as ready
-- KEYS[3] groups     ZSET  lease group -> expiry in ms
-- KEYS[4] scheduled  ZSET  task id -> due in ms
-- KEYS[5] retry      ZSET  task id -> due in ms
-- KEYS[6] finished   LIST  ids of succeeded tasks
-- KEYS[7] dead       ZSET  task id -> died at, in ms
-- KEYS[8] cancelled  ZSET  task id -> forget at, in ms
-- KEYS[9] expired    ZSET  task id -> forget at, in ms
-- KEYS[10] paused    STRING  exists while nothing may be taken
-- KEYS[11] finished:at ZSET  task id -> forget at, in ms; succeeded tasks of another retention
-- ARGV    prefix of the keys of hashes in flight
-- RETURNS {OK, now, {ready, leased, scheduled, retry, succeeded, dead, cancelled, expired}, paused,
--         oldest ready message or ""}
-- OOM     runs: reads only
local now = now_ms()
local leased = 0
for _, group in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local key = ARGV[1] .. group
  local marks = redis.call('HEXISTS', key, '#f') + redis.call('HEXISTS', key, '#a')
  leased = leased + redis.call('HLEN', key) - marks
end
local counts = {
  redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]),
  leased,
  redis.call('ZCARD', KEYS[4]),
  redis.call('ZCARD', KEYS[5]),
  redis.call('LLEN', KEYS[6]) + redis.call('ZCARD', KEYS[11]),
  redis.call('ZCARD', KEYS[7]),
  redis.call('ZCARD', KEYS[8]),
  redis.call('ZCARD', KEYS[9]),
}
local oldest = redis.call('LINDEX', KEYS[2], -1) or redis.call('LINDEX', KEYS[1], -1) or ''
return {'OK', now, counts, redis.call('EXISTS', KEYS[10]), oldest}

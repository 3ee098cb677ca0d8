-- Records what became of a worker's tasks, and ends its ownership of them. Begins with the fence:
-- a worker whose lease was stolen owns nothing, and writes nothing.
-- KEYS[1]  if:<group>  HASH  task id -> message in flight; #a is this script's replay mark
-- KEYS[2]  ready       LIST  messages, pushed left, taken right
-- KEYS[3]  retry       ZSET  task id -> due in ms
-- KEYS[4]  retry:d     HASH  task id -> message
-- KEYS[5]  dead        ZSET  task id -> died at, in ms
-- KEYS[6]  expired     ZSET  task id -> forget at, in ms
-- KEYS[7]  parked      HASH  task id -> message of a dead or expired task
-- KEYS[8]  finished    LIST  ids of succeeded tasks of the default retention, oldest left
-- KEYS[9]  finished:at ZSET  task id -> forget at, in ms; those of another retention
-- KEYS[10] counters    HASH  name -> total
-- KEYS[11] waiters     SET   ids that somebody waits for
-- KEYS[12] r:<bucket>* or id:<id>*  HASH|STRING  records; the number of buckets is in ARGV
-- ARGV     seq, channel; n, n fields; n, n messages to hand back, first to run last; n, n ids that
--          succeeded; n, n times forget at, id that succeeded; n, n times due, id, message to retry;
--          n, n times at, id, message of dead ones; n, n times at, id, message of expired ones; n, n
--          times counter, increment; n buckets, for each n, n times slot, record; for each key left:
--          record, ms to live or 0
-- RETURNS  {OK, now}, {STALE, now}, {FENCED, now} when the worker owns none of the tasks, or {PARTIAL,
--          now, {1 or 0 for each: is owned}}; nothing is written but on OK
-- OOM      runs: HDEL comes first and unlocks the rest
local now = now_ms()
local seq, channel = take(), take()
local mark = redis.call('HGET', KEYS[1], '#a')
if mark then
  if mark == seq then
    return {'OK', now}
  end
  if tonumber(mark) > tonumber(seq) then
    return {'STALE', now}
  end
end
local refused = wrong_type(
  KEYS[2], 'list', KEYS[3], 'zset', KEYS[4], 'hash', KEYS[5], 'zset', KEYS[6], 'zset', KEYS[7], 'hash',
  KEYS[8], 'list', KEYS[9], 'zset', KEYS[10], 'hash', KEYS[11], 'set'
)
for key = 12, #KEYS do
  -- A record with a key of its own is written by SET, whatever was there.
  if string.find(KEYS[key], '}:r:', 1, true) then
    refused = refused or wrong_type(KEYS[key], 'hash')
  end
end
if refused then
  return refused
end
local fields, owned, count = take_list(tonumber(take())), {}, 0
for i, field in ipairs(fields) do
  owned[i] = redis.call('HEXISTS', KEYS[1], field)
  count = count + owned[i]
end
if count == 0 then
  return {'FENCED', now}
end
if count < #fields then
  return {'PARTIAL', now, owned}
end
redis.call('HDEL', KEYS[1], unpack(fields))
redis.call('HSET', KEYS[1], '#a', seq)

local back = take_list(tonumber(take()))
if #back > 0 then
  redis.call('RPUSH', KEYS[2], unpack(back))
end
local ended = take_list(tonumber(take()))
if #ended > 0 then
  redis.call('RPUSH', KEYS[8], unpack(ended))
end
for _ = 1, tonumber(take()) do
  local at, id = take(), take()
  redis.call('ZADD', KEYS[9], at, id)
  ended[#ended + 1] = id
end
local function keep(index, bodies, finished)
  for _ = 1, tonumber(take()) do
    local at, id, message = take(), take(), take()
    redis.call('ZADD', index, at, id)
    redis.call('HSET', bodies, id, message)
    if finished then
      ended[#ended + 1] = id
    end
  end
end
keep(KEYS[3], KEYS[4], false)
keep(KEYS[5], KEYS[7], true)
keep(KEYS[6], KEYS[7], true)
for _ = 1, tonumber(take()) do
  redis.call('HINCRBY', KEYS[10], take(), take())
end

local key = 11
for _ = 1, tonumber(take()) do
  key = key + 1
  redis.call('HSET', KEYS[key], unpack(take_list(tonumber(take()) * 2)))
end
for k = key + 1, #KEYS do
  local record, ttl = take(), take()
  if ttl == '0' then
    redis.call('SET', KEYS[k], record)
  else
    redis.call('SET', KEYS[k], record, 'PX', ttl)
  end
end

if #ended > 0 and redis.call('EXISTS', KEYS[11]) == 1 then
  for i, awaited in ipairs(redis.call('SMISMEMBER', KEYS[11], unpack(ended))) do
    if awaited == 1 then
      redis.call('SREM', KEYS[11], ended[i])
      redis.call('PUBLISH', channel, ended[i])
    end
  end
end
return {'OK', now}

-- Gives out a block of sequence numbers.
-- KEYS[1] seq     STRING  the first sequence number that was not given out
-- KEYS[2] groups  ZSET    lease group -> expiry in ms
-- ARGV    numbers
-- RETURNS {OK, now, first number after the block}
-- OOM     runs: the ZREM of nothing unlocks the INCRBY, as bare messages need ids to be drained
local now = now_ms()
redis.call('ZREM', KEYS[2], '')
return {'OK', now, redis.call('INCRBY', KEYS[1], ARGV[1])}

-- Drop what is beyond the limits, some of it. The keys are those of object_common.lua.
-- ARGV: clock, the id of an object that stays, most objects, most bytes. Returns 1, or 0 if more is to be trimmed.
return trim(clock(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[2])

-- name: has_ledger
SELECT to_regclass('topic_partitions') IS NOT NULL;

-- name: fixed
SELECT topic, partitions FROM topic_partitions;

-- name: receipt_gaps
-- Half-open ranges of offsets in [low, high) without a receipt, whoever's it may be.
WITH r AS (
    SELECT DISTINCT off FROM receipts WHERE topic_id = :topic_id AND part = :part AND off >= :low AND off < :high
), g AS (
    SELECT off + 1 AS gap_from, lead(off, 1, :high::bigint) OVER (ORDER BY off) AS gap_to
    FROM (SELECT off FROM r UNION ALL SELECT :low::bigint - 1) edges
)
SELECT gap_from, gap_to FROM g WHERE gap_to > gap_from ORDER BY gap_from;

-- name: receipts_counted
SELECT count(*) AS receipts, count(DISTINCT off) AS records FROM receipts
WHERE topic_id = :topic_id AND part = :part AND off >= :low AND off < :high;

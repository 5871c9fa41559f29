#!/bin/bash
# A standby: copies the primary on the first start, whole or not at all, and follows it.
set -euo pipefail
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  rm -rf "$PGDATA.staging"
  pg_basebackup --dbname="$PRIMARY" --pgdata="$PGDATA.staging" --write-recovery-conf --wal-method=stream --checkpoint=fast
  mv "$PGDATA.staging" "$PGDATA"
fi
exec postgres -c 'listen_addresses=*' -c unix_socket_directories=/tmp -c hot_standby=on

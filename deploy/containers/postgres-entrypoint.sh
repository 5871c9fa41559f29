#!/bin/bash
# Makes the database on the first start, whole or not at all, and runs the server: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, PGDATA and /docker-entrypoint-initdb.d mean what they mean to the official image.
set -euo pipefail
if [[ ${1:-postgres} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} != postgres ]]; then exec "$@"; fi

user=${POSTGRES_USER:-postgres}
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  : "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD to the password that the superuser gets}"
  final=$PGDATA
  export PGDATA=$final.staging PGHOST=/tmp PGUSER=$user
  rm -rf "$PGDATA"
  initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --encoding=UTF8 --no-instructions \
    --locale-provider=builtin --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # Nobody from outside is served before the scripts have run.
  pg_ctl --silent --wait --options="-c listen_addresses='' -c unix_socket_directories=/tmp" start
  database=${POSTGRES_DB:-$user}
  if [[ $database != postgres ]]; then createdb "$database"; fi
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) POSTGRES_DB=$database bash "$script" ;;
      *.sql) psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$database" --file="$script" ;;
    esac
  done
  pg_ctl --silent --wait --mode=fast stop
  mv "$PGDATA" "$final"
  export PGDATA=$final
  unset PGHOST PGUSER
fi
exec "$@" -c unix_socket_directories=/tmp -c "listen_addresses=*"

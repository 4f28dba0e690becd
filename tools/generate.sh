#!/usr/bin/env bash
# Regenerates every committed file that is made from another one. With --check, fails when that has
# changed anything: a file edited by hand, or one whose source was changed and not generated anew.
set -euo pipefail
cd "$(dirname "$0")/.."

paths=('internal/store/**/*_gen.go' 'internal/warehouse/**/*_gen.go' api/openapi.yaml .env.example docs/errors.md docs/access.md 'docs/data/**/*.md' docs/data/catalogue.json)

generated() { # the digest of every generated file, one a line
    git ls-files -z --cached --others --exclude-standard -- "${paths[@]}" |
        sort -z | while IFS= read -r -d '' path; do
        if [[ -e $path ]]; then sha256sum "$path"; fi
    done
}

write() { # FILE COMMAND...: leaves the file alone when the command fails
    local file=$1
    shift
    "$@" >"bin/generated"
    mv bin/generated "$file"
}

before=$(generated)
.bin/sqlc generate
make --no-print-directory bin/mercado
write api/openapi.yaml bin/mercado openapi
write docs/errors.md bin/mercado openapi --print errors
write docs/access.md bin/mercado openapi --print access
write .env.example bin/mercado settings --env-example
bin/mercado lake docs >/dev/null
after=$(generated)

if [[ ${1:-} == --check && $before != "$after" ]]; then
    echo "generate: these files were not current (< before, > after):" >&2
    diff <(echo "$before") <(echo "$after") >&2 || true
    git --no-pager diff -- "${paths[@]}" | head -n 60 >&2
    echo "generate: run \`make generate\` and commit the result" >&2
    exit 1
fi

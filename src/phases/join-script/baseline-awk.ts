import { BASELINE_NOTES } from '../baseline/index.js';

/**
 * awk program that makes journal entries of what the baseline's command prints: what `baselineEntries` does for hosts kbs is connected
 * to. Lists of strings are JSON inside JSON. Holds no single quote: it stands between two of them.
 */
export const BASELINE_TO_JOURNAL = `
function escaped(text,  out, at, letter) {
  out = ""
  for (at = 1; at <= length(text); at++) {
    letter = substr(text, at, 1)
    out = out (letter == "\\\\" || letter == "\\"" ? "\\\\" : "") letter
  }
  return out
}
function trimmed(text) { sub(/^ +/, "", text); sub(/ +$/, "", text); return text }
function path_entry(path, was) { printf "{\\"kind\\":\\"path\\",\\"path\\":\\"%s\\",\\"was\\":\\"%s\\"}\\n", escaped(path), was }
function add(name, value) { lists[name] = lists[name] (name in lists && lists[name] != "" ? "," : "") "\\"" escaped(value) "\\"" }
function put_note(name, value) { printf "{\\"kind\\":\\"note\\",\\"name\\":\\"%s\\",\\"value\\":\\"%s\\"}\\n", escaped(name), escaped(value) }
function list_note(name) { put_note(name, "[" lists[name] "]") }
$1 == "tree" && ($3 == "absent" || $3 == "directory") {
  printf "{\\"kind\\":\\"tree\\",\\"path\\":\\"%s\\",\\"was\\":\\"%s\\"}\\n", escaped($2), $3
  if ($3 == "directory") path_entry($2, $3)
}
$1 == "path" && $3 ~ /^(absent|file|link|directory)$/ { path_entry($2, $3) }
$1 == "unit" {
  printf "{\\"kind\\":\\"unit\\",\\"unit\\":\\"%s\\",\\"enabled\\":\\"%s\\",\\"active\\":\\"%s\\"}\\n", escaped($2), $4 == "" ? "static" : $4, $3
}
$1 == "content" { if (!($2 in trees)) { trees[$2] = ++tree_count; tree[tree_count] = $2 } add("content " $2, $3) }
$1 == "sysctl" { printf "{\\"kind\\":\\"sysctl\\",\\"key\\":\\"%s\\",\\"was\\":\\"%s\\"}\\n", escaped($2), escaped(trimmed($3)) }
$1 == "link" { add("${BASELINE_NOTES.links}", trimmed($2)) }
$1 == "mount" { add("${BASELINE_NOTES.mounts}", trimmed($2)) }
$1 == "nft" { has_nft = 1 }
$1 == "table" { add("${BASELINE_NOTES.nftTables}", trimmed($2)) }
$1 == "nft-chain" { add("${BASELINE_NOTES.nftChains}", trimmed($2)) }
$1 == "chain" { add("${BASELINE_NOTES.chains}", trimmed($2)) }
$1 == "virtual-server" { add("${BASELINE_NOTES.virtualServers}", trimmed($2)) }
$1 == "route" { add("${BASELINE_NOTES.routes}", trimmed($2)) }
$1 == "runtime" { has_runtime = 1 }
$1 == "image" { add("${BASELINE_NOTES.runtimeImages}", trimmed($2)) }
END {
  for (at = 1; at <= tree_count; at++) list_note("content " tree[at])
  list_note("${BASELINE_NOTES.links}")
  list_note("${BASELINE_NOTES.mounts}")
  if (has_nft) { list_note("${BASELINE_NOTES.nftTables}"); list_note("${BASELINE_NOTES.nftChains}") }
  list_note("${BASELINE_NOTES.chains}")
  list_note("${BASELINE_NOTES.virtualServers}")
  list_note("${BASELINE_NOTES.routes}")
  if (has_runtime) list_note("${BASELINE_NOTES.runtimeImages}")
  put_note("${BASELINE_NOTES.done}", "1")
}`;

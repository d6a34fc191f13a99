# Traffic of the trace joined-mid-connection: two exchanges on the connection that is our standard input.
# Of an answer that was asked for before the recording, the second half comes first.
head -c 562 >/dev/null
for path in /after-1 /after-2; do
  printf 'GET %s HTTP/1.1\r\nHost: example.test\r\n\r\n' "$path" >&0
  head -c 1065 >/dev/null
done

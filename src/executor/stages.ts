/** The stages of a job that follow `prepare`, as a shell script: a process of berth's would take longer than most of them do. */
import { shellLine } from "../printable.ts";
import { bestShell } from "../run/container.ts";
import { type JobPlace, lent, nameIn, notes } from "./container.ts";

/** As the image's user, with what its entrypoint has exported. */
const ownScript = `until [ -e ${notes}/env ]; do sleep 0.1; done; . ${notes}/env; ${bestShell}`;

/** As the docker executor's helper does: as root, with git and the runner, for files that all users of the image may write. */
const lentScript = `PATH="$PATH:${lent}/bin"; export PATH
[ -e /etc/ssl/certs/ca-certificates.crt ] || export SSL_CERT_FILE=${lent}/ca.pem
umask 0000; ${bestShell}`;

/** Sends a signal to all that stages have started, and leaves the container for the stages that follow. */
const signalScript = `read -r held <${notes}/pid
for p in /proc/[0-9]*; do
  p=\${p#/proc/}
  case " 1 $$ $held " in *" $p "*) ;; *) kill -s "$1" "$p" 2>/dev/null;; esac
done
true`;

/**
 * Gives the script that the runner's lines call as `run FILE STAGE`, to run a script of the runner's in the job's container,
 * and as `cleanup`, to remove all of the job.
 *
 * Who asks a stage to end, ends what it has started in the container: by TERM, ten seconds later by KILL. The program that
 * joins us to it has a session of its own, so that it hears nothing of that and stays to the end.
 */
export function stagesScript(place: JobPlace): string {
  const { tool, network } = place.host;
  const call = (...words: readonly string[]) => shellLine([tool.command, ...words]);
  const job = nameIn(place, "job");
  const stage = (script: string, ...flags: readonly string[]) =>
    call("exec", "--interactive", ...flags, job, "sh", "-c", script);
  const endNetwork = network === "own" ? call("network", "rm", nameIn(place, "network")) : ":";
  return `if [ "$0" = cleanup ]; then
  left=$(${call("ps", "--all", "--quiet", `--filter=name=${place.name}-`)})
  [ -z "$left" ] || ${call("rm", "--force", "--volumes")} $left >/dev/null || exit
  ${endNetwork} >/dev/null
  exit
fi
work() {
  case $1 in
    build_script | after_script | step_*) exec setsid ${stage(ownScript)} ;;
    *) exec setsid ${stage(lentScript, "--user=0:0")} ;;
  esac
}
send() { ${call("exec", "--user=0:0", job, "sh", "-c", signalScript, "signal")} "$1"; }
end() {
  trap '' TERM INT HUP
  {
    send TERM
    for second in 1 2 3 4 5 6 7 8 9 10; do
      sleep 1
      kill -0 "$worker" || exit
    done
    send KILL
  } </dev/null >/dev/null 2>&1 &
}
trap end TERM INT HUP
work "$2" <"$1" &
worker=$!
while wait "$worker"; code=$?; kill -0 "$worker" 2>/dev/null; do :; done
[ "$code" -ne 0 ] || exit 0
state=$(${call("inspect", "--format={{.State.Running}} {{.State.OOMKilled}}", job)}) ||
  exit "$SYSTEM_FAILURE_EXIT_CODE"
case $state in
  true*) ;;
  *)
    why='see its log:'
    [ "$state" != 'false true' ] || why='it ran out of memory'
    echo "the job's container has ended before the job: $why"
    ${call("logs", "--tail=20", job)} 2>&1
    echo "where its image's entrypoint does not run what it is given, say entrypoint: [\\"\\"]"
    ;;
esac >&2
# The runner reads the script's own code from this file.
echo "$code" >"$BUILD_EXIT_CODE_FILE"
exit "$BUILD_FAILURE_EXIT_CODE"
`;
}

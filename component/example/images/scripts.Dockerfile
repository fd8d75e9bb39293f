ARG BASES=docker.io/library
FROM ${BASES}/busybox:stable
RUN <<EOS
set -e
mkdir -p /opt/scripts
# this comment is part of the script, so it counts
echo "made by a heredoc" > /opt/scripts/made
EOS
COPY <<-"GREETING" /opt/scripts/greeting
	Hello, $USER: this is not expanded.
	GREETING

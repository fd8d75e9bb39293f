FROM ci/base
RUN cat /etc/example/base && echo compiler > /etc/example/role

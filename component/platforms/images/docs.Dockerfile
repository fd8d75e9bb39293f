FROM ci/base
RUN echo documentation > /etc/docs

/** What is tried on one platform: the threats, GitLab's own script, and a release of berth's. */
import "./attacks.ts";
import "./smoke.ts";
import "./own.ts";

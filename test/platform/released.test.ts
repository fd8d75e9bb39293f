/** What is tried on one platform: the threats, the script for a real GitLab, a release of berth's, and runners that go away. */
import "./attacks.ts";
import "./smoke.ts";
import "./own.ts";
import "./lost.ts";

/** All smaller consumer projects, on one platform. */
import "./small.ts";
import "./requests.ts";
import "./settings.ts";

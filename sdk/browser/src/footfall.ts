/** The script that is served: gives the page `footfall`, with the settings of its tag. */
import "./client";

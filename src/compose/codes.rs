//! The codes of reading a stack: what Compose itself refuses, or warns of.

use super::finding::Code;
use super::finding::Severity::{Error, Note, Warning};

macro_rules! codes {
    ($($constant:ident $id:literal $severity:ident $name:literal $about:literal;)*) => {
        $(pub const $constant: &Code =
            &Code { id: $id, name: $name, severity: $severity, about: $about };)*
        /// Every code there is, in order.
        pub const ALL: &[&Code] = &[$($constant),*];
    };
}

codes! {
    SYNTAX "CV001" Error "syntax" "the file is no YAML";
    DUPLICATE_KEY "CV002" Error "duplicate-key" "a key is given twice in one mapping";
    UNKNOWN_ALIAS "CV003" Error "unknown-alias" "an alias refers to an anchor that is not defined before it";
    TOO_LARGE "CV004" Error "too-large" "the file is nested too deeply, or its aliases expand to too much";
    INTERPOLATION "CV005" Error "interpolation" "a `${…}` cannot be read";
    REQUIRED_VARIABLE "CV006" Error "required-variable" "a variable that must be set is not";
    UNSET_VARIABLE "CV007" Warning "unset-variable" "a variable is not set and has no default: it becomes an empty string";
    CAST "CV008" Error "cast" "a string cannot become the number or boolean that is wanted there";
    OLD_BOOLEAN "CV009" Warning "old-boolean" "`yes`, `no`, `on` and `off` are strings in YAML 1.2";
    UNKNOWN_KEY "CV010" Error "unknown-key" "a key that Compose does not know";
    WRONG_TYPE "CV011" Error "wrong-type" "a value of the wrong type";
    MISSING_KEY "CV012" Error "missing-key" "a key that must be given is not";
    VALUE "CV013" Error "value" "a value that is not allowed";
    DURATION "CV014" Error "duration" "a length of time that cannot be read";
    SIZE "CV015" Error "size" "a size in bytes that cannot be read";
    PORT "CV016" Error "port" "a port that cannot be read";
    MOUNT "CV017" Error "mount" "a mount that cannot be read, or two at the same place";
    ADDRESS "CV018" Error "address" "an address or a host that cannot be read";
    UNDEFINED_SERVICE "CV020" Error "undefined-service" "a service that does not exist, or is disabled by its profile";
    UNDEFINED_NETWORK "CV021" Error "undefined-network" "a network that is not defined";
    UNDEFINED_VOLUME "CV022" Error "undefined-volume" "a volume that is not defined";
    UNDEFINED_SECRET "CV023" Error "undefined-secret" "a secret that is not defined";
    UNDEFINED_CONFIG "CV024" Error "undefined-config" "a config that is not defined";
    UNDEFINED_MODEL "CV025" Error "undefined-model" "a model that is not defined";
    UNDEFINED_BASE "CV026" Error "undefined-base" "a service is extended that does not exist";
    INCLUDE "CV027" Error "include" "an include that cannot be read";
    CYCLE "CV030" Error "cycle" "services, files or anchors refer to each other in a circle";
    EXCLUSIVE "CV031" Error "exclusive" "keys that exclude each other";
    TWO_LIMITS "CV032" Error "two-limits" "two different values for the same limit";
    NOTHING_TO_RUN "CV033" Error "nothing-to-run" "a service has neither an image nor a build";
    MISSING_FILE "CV034" Error "missing-file" "a file that is referred to cannot be read";
    PROJECT_NAME "CV035" Error "project-name" "a project name that Compose refuses";
    OBSOLETE_VERSION "CV036" Warning "obsolete-version" "`version` is ignored by Compose";
    SWARM_ONLY "CV037" Note "swarm-only" "a setting that only Swarm acts on";
    EXTENSION "CV038" Warning "extension" "a key that begins with `x-`, which Compose takes for an extension where a name was meant";
    BAD_IGNORE "CV098" Warning "bad-ignore" "an `ignore` that names no code, or gives no reason";
    UNUSED_IGNORE "CV099" Warning "unused-ignore" "an `ignore` of something that is not found";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}

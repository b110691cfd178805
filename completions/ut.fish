# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ut_global_optspecs
    string join \n config= color= q/quiet v/verbose h/help V/version
end

function __fish_ut_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ut_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ut_using_subcommand
    set -l cmd (__fish_ut_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ut -n "__fish_ut_needs_command" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_needs_command" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_needs_command" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_needs_command" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_needs_command" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_needs_command" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_needs_command" -f -a "infer" -d 'Forecast every server from its recent metrics'
complete -c ut -n "__fish_ut_needs_command" -f -a "cleanup" -d 'Clear MLflow\'s checkpoints by policy, and never one too many'
complete -c ut -n "__fish_ut_needs_command" -f -a "guard" -d 'Run a command behind a circuit breaker that all processes of this machine share'
complete -c ut -n "__fish_ut_needs_command" -f -a "breaker-status" -d 'Show the circuit breakers of this machine'
complete -c ut -n "__fish_ut_needs_command" -f -a "breaker" -d 'Change circuit breakers by hand'
complete -c ut -n "__fish_ut_needs_command" -f -a "compose-validate" -d 'Check Docker Compose stacks: every error that Compose would refuse them for, and what makes platforms fall over'
complete -c ut -n "__fish_ut_needs_command" -f -a "detect-workload" -d 'Say whether a folder or a text is machine learning, of which kind, and what it needs to run'
complete -c ut -n "__fish_ut_needs_command" -f -a "health" -d 'Check whether the platform is well'
complete -c ut -n "__fish_ut_needs_command" -f -a "metrics" -d 'Show what was counted, for Prometheus, or hand it over'
complete -c ut -n "__fish_ut_needs_command" -f -a "device" -d 'List the GPUs that forecasts can run on'
complete -c ut -n "__fish_ut_needs_command" -f -a "config" -d 'Show or check the configuration'
complete -c ut -n "__fish_ut_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c ut -n "__fish_ut_needs_command" -f -a "man" -d 'Print the manual page, or write all of them to a folder'
complete -c ut -n "__fish_ut_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l model -d 'Model folder: model.json and model.safetensors' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l input -d 'Metrics to read; - is standard input' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l input-format -d 'How the input is written; by default the file\'s extension tells, else csv' -r -f -a "csv\t''
jsonl\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l on-bad-row -d 'End at a bad row, or leave it out and count it [default: fail]' -r -f -a "fail\t''
skip\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l window -d 'Keep recent rows in this file, so that the next run is warm' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l window-steps -d 'Steps of each server that the window keeps [default: 300, or what the model can use]' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l max-records -d 'Rows of all servers that the window keeps at most' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l window-wait -d 'How long to wait while another process has the window [default: 10s]' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l window-max-age -d 'Age from which a window is warned of [default: 30min]' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l server -d 'Forecast only this server (repeatable)' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l quantile -d 'Print only this quantile of the model\'s (repeatable)' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l format -d 'How the forecasts are written' -r -f -a "table\t''
csv\t''
json\t''
jsonl\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l output -d 'Write the forecasts to this file instead of standard output' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l plot -d 'Draw the forecasts into this SVG, a panel a server' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l device -d 'What computes: auto, cpu, cuda or cuda:N [default: auto, a GPU for thousands of servers]' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l precision -d 'How a GPU multiplies; tf32 is on tensor cores [default: single]' -r -f -a "single\t'In single precision, as the CPU does'
tf32\t'With tensor cores, which round factors to 10 bits after the point'"
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l threads -d 'Threads that compute [default: one per core]' -r
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -f -a "model" -d 'Look at a model'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -f -a "window" -d 'Keep recent rows from run to run'
complete -c ut -n "__fish_ut_using_subcommand infer; and not __fish_seen_subcommand_from model window help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -f -a "show" -d 'Print a model\'s inputs, horizon, quantiles and size, and what rows must contain'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from model" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -f -a "save" -d 'Put an input\'s rows into a window, which is made if it is not there'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -f -a "load" -d 'Print a window\'s records, as an input for `ut infer`'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -f -a "show" -d 'Print what a window holds: servers and their warm-up, age, the model it fits'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -f -a "verify" -d 'Check a window from the first byte to the last, and change nothing'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from window" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from help" -f -a "model" -d 'Look at a model'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from help" -f -a "window" -d 'Keep recent rows from run to run'
complete -c ut -n "__fish_ut_using_subcommand infer; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l tracking-uri -d 'Where the runs are: http://…, sqlite:///FILE or a folder [default: as MLflow finds it]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l artifact-root -d 'Folder beneath which artifacts must lie; those of a server too, if it is on this machine' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l experiment -d 'Only these experiments, by name or id [default: all]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l archive-path -d 'Archive every run here before it goes: one file a run' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l max-delete -d 'Do nothing if more runs would go, or a larger share of an experiment\'s' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l now -d 'Decide as at this time; one that is to come needs --dry-run' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l plan-out -d 'Write the plan to this file, and do nothing' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l apply-plan -d 'Carry out exactly this plan; runs that have changed since are left' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l retention-days -d 'Keep runs that were active within so many days [default: 30]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l top-n -d 'Keep so many of the best runs of each experiment [default: 10]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l metric -d 'The metric by which they are ranked [default: sharpe_ratio]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l mode -d 'Which end of it is the better one [default: max]' -r -f -a "max\t''
min\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l protect-tag -d 'Keep runs with this tag, besides those of the configuration [default: stage=production, protected=true]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l min-keep -d 'Active runs that stay in every experiment [default: 1]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l any-revision -d 'Write to databases of MLflow versions that are not known, too'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l dry-run -d 'Show what would be done, and do nothing'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l include-deleted -d 'Clear runs that were soft-deleted before, too'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l no-sizes -d 'Do not add up bytes, which takes a look into every folder'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l orphans -d 'Tell of folders that look like a run\'s and that the store knows nothing of, too'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -l yes -d 'Do not ask at a terminal'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -f -a "restore" -d 'Bring archived runs back'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -f -a "verify" -d 'Read every archive and compare it with its manifest'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -f -a "explain" -d 'Say why a run is kept, or why not'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and not __fish_seen_subcommand_from restore verify explain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l archive-path -d 'Folder of the archives' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l tracking-uri -d 'Where the runs are: http://…, sqlite:///FILE or a folder [default: as MLflow finds it]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l artifact-root -d 'Folder beneath which artifacts must lie; those of a server too, if it is on this machine' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l all -d 'Every run that is archived here'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -l any-revision -d 'Write to databases of MLflow versions that are not known, too'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from restore" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -l archive-path -d 'Folder of the archives' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l tracking-uri -d 'Where the runs are: http://…, sqlite:///FILE or a folder [default: as MLflow finds it]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l artifact-root -d 'Folder beneath which artifacts must lie; those of a server too, if it is on this machine' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l retention-days -d 'Keep runs that were active within so many days [default: 30]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l top-n -d 'Keep so many of the best runs of each experiment [default: 10]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l metric -d 'The metric by which they are ranked [default: sharpe_ratio]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l mode -d 'Which end of it is the better one [default: max]' -r -f -a "max\t''
min\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l protect-tag -d 'Keep runs with this tag, besides those of the configuration [default: stage=production, protected=true]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l min-keep -d 'Active runs that stay in every experiment [default: 1]' -r
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -l any-revision -d 'Write to databases of MLflow versions that are not known, too'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from explain" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Bring archived runs back'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Read every archive and compare it with its manifest'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Say why a run is kept, or why not'
complete -c ut -n "__fish_ut_using_subcommand cleanup; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand guard" -l retries -d 'Try again so often; only for commands that may be run twice' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l retry-wait -d 'Wait before the first retry; it doubles with each' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l retry-wait-max -d 'Longest wait before a retry' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l jitter -d 'How waits are varied' -r -f -a "up\t'Up to a quarter longer'
full\t'Anything between nothing and the whole wait: many machines against one service'
none\t'None'"
complete -c ut -n "__fish_ut_using_subcommand guard" -l timeout -d 'End an attempt that takes longer' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l deadline -d 'End all attempts and waits after so long' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l kill-after -d 'Wait between SIGTERM and SIGKILL' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l fallback -d 'Run this line of shell if the breaker is open or the command fails' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l ok-exit -d 'Exit codes that are success' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l ignore-exit -d 'Exit codes that say nothing of the dependency' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l no-retry-exit -d 'Exit codes that are not tried again' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l open-exit -d 'End with this code if the breaker is open' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l timeout-exit -d 'End with this code on a timeout' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l stdin -d 'What the command reads [default: our input, with retries nothing]' -r -f -a "inherit\t'Our input'
null\t'Nothing'
spool\t'Our input, read to its end first, once more for each attempt'"
complete -c ut -n "__fish_ut_using_subcommand guard" -l report -d 'Write what happened to this file, as JSON' -r -F
complete -c ut -n "__fish_ut_using_subcommand guard" -l threshold -d 'Failures that open it [default: 5]' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l window -d 'Time in which they must fall [default: 60s]' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l rule -d 'Count failures in a window, or failures with no success between them [default: count]' -r -f -a "count\t''
consecutive\t''"
complete -c ut -n "__fish_ut_using_subcommand guard" -l open-for -d 'Wait before the first probe [default: 60s]' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l slow-after -d 'A success that takes so long is a failure' -r
complete -c ut -n "__fish_ut_using_subcommand guard" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand guard" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand guard" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand guard" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand guard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand guard" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -l watch -d 'Show it again and again' -r
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -l nagios -d 'One line and exit codes as Nagios wants them'
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker-status" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -f -a "reset" -d 'Close it, and forget its failures'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -f -a "open" -d 'Let no call through'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -f -a "disable" -d 'Let every call through, and decide nothing'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -f -a "enable" -d 'End that'
complete -c ut -n "__fish_ut_using_subcommand breaker; and not __fish_seen_subcommand_from reset open disable enable help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -l reason -d 'Why; it is kept' -r
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -l all -d 'All there are'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from reset" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -l reason -d 'Why; it is kept' -r
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -l for -d 'After so long, a probe may come [default: until somebody resets it]' -r
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -l all -d 'All there are'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from open" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -l reason -d 'Why; it is kept' -r
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -l all -d 'All there are'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from disable" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -l reason -d 'Why; it is kept' -r
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -l all -d 'All there are'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from enable" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Close it, and forget its failures'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from help" -f -a "open" -d 'Let no call through'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Let every call through, and decide nothing'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from help" -f -a "enable" -d 'End that'
complete -c ut -n "__fish_ut_using_subcommand breaker; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s f -l file -d 'A file of one stack; later ones are laid over earlier ones' -r -F
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s p -l project-name -d 'The project\'s name' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l profile -d 'Enable a profile; `*` is all of them' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l env-file -d 'Take variables from this file and not from `.env`' -r -F
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l project-directory -d 'The folder that relative paths begin at' -r -F
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l format -r -f -a "full\t'With the lines in question'
concise\t'A line each'
json\t''
sarif\t'For code scanning'
github\t'Annotations of GitHub Actions'"
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l fail-on -d 'End with 1 from this severity on' -r -f -a "note\t''
warning\t''
error\t''"
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l set -d 'The rules that judge [default: platform]' -r -f -a "platform\t'What a platform asks of every stack'
safe\t'Only what breaks or contradicts itself'
strict\t'All there is'"
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l select -d 'Only these codes; `CV5` is all that begin so' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l extend-select -d 'These codes as well' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l ignore -d 'Not these codes' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l severity-of -d 'How bad it is: `CV202=note`' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l explain -d 'Print what a code means, and an example' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l write-override -d 'Write what the stack lacks into a new file that is laid over it' -r -F
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l host-cpus -d 'Cores of the host that the stack is meant for; else this machine\'s' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l host-memory -d 'Its memory: `64g`' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l host-gpus -d 'Its GPUs' -r
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l resolved -d 'Print the merged model as `docker compose config --format json` does, if there is no error'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l statistics -d 'Print how often each code is found'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l list-rules -d 'Print every rule'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l fix -d 'Mend what can be mended without a change of what the stack does'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l unsafe-fixes -d 'Mend what can be mended, limits and policies too'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -l diff -d 'Print what would change, and change nothing'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand compose-validate" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l text -d 'Judge these words' -r
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l task -d 'What the estimate is for; else what the project seems to do' -r -f -a "train\t''
fine-tune\t''
serve\t'Requests as they come: tokens are generated, a KV cache is held'
batch\t'Inference over a data set'"
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l batch -d 'Samples at a time, on each GPU' -r
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l seq -d 'Tokens of a sequence' -r
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l precision -d 'How the weights are held; else as they lie on disk' -r -f -a "fp32\t''
tf32\t'Held as fp32, multiplied with fewer bits'
fp16\t''
bf16\t''
fp8\t''
int8\t''
int4\t''"
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l expect -d 'End with 1 where an input is of no type of these' -r -f -a "none\t'No machine learning'
cpu\t''
gpu_optional\t''
gpu_required\t''"
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -l explain -d 'Show all evidence, and what the verdict is computed from'
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand detect-workload" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand health" -l only -d 'Only the check of this name, or those of this kind' -r
complete -c ut -n "__fish_ut_using_subcommand health" -l disk-error -d 'Per cent of a disk in use from which on it fails' -r
complete -c ut -n "__fish_ut_using_subcommand health" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand health" -l serve -d 'Answer /healthz, /livez and /metrics at this address or port, until stopped' -r
complete -c ut -n "__fish_ut_using_subcommand health" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand health" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand health" -l report -d 'Add the answer to the report, and tell the webhook what has changed'
complete -c ut -n "__fish_ut_using_subcommand health" -l nagios -d 'One line and exit codes as Nagios wants them'
complete -c ut -n "__fish_ut_using_subcommand health" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand health" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand health" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand health" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand metrics" -l textfile -d 'Write ut.prom into this folder, which a node exporter reads' -r -F
complete -c ut -n "__fish_ut_using_subcommand metrics" -l push -d 'Replace what this push gateway knows of this host' -r
complete -c ut -n "__fish_ut_using_subcommand metrics" -l format -r -f -a "text\t'Prometheus\'s text format 0.0.4'
openmetrics\t'OpenMetrics 1.0'
json\t''"
complete -c ut -n "__fish_ut_using_subcommand metrics" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand metrics" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand metrics" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand metrics" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand metrics" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand device" -l model -d 'Check with this model instead of a small one of `ut`\'s own' -r -F
complete -c ut -n "__fish_ut_using_subcommand device" -l precision -d 'How the GPU multiplies in the check' -r -f -a "single\t'In single precision, as the CPU does'
tf32\t'With tensor cores, which round factors to 10 bits after the point'"
complete -c ut -n "__fish_ut_using_subcommand device" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand device" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand device" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand device" -l check -d 'Compute the same on every GPU and on the CPU, and compare'
complete -c ut -n "__fish_ut_using_subcommand device" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand device" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand device" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ut -n "__fish_ut_using_subcommand device" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "show" -d 'Print each setting\'s effective value and its origin'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "check" -d 'Check the configuration files and variables; exit 2 if they are wrong'
complete -c ut -n "__fish_ut_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -l format -r -f -a "table\t''
json\t''"
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -l all -d 'Also defaults, and values that a stronger source hides'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print each setting\'s effective value and its origin'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the configuration files and variables; exit 2 if they are wrong'
complete -c ut -n "__fish_ut_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand completions" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand completions" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand completions" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand completions" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand man" -l dir -d 'Write a page per subcommand into this folder' -r -F
complete -c ut -n "__fish_ut_using_subcommand man" -l config -d 'Read this ut.toml instead of the nearest one upward' -r -F
complete -c ut -n "__fish_ut_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ut -n "__fish_ut_using_subcommand man" -s q -l quiet -d 'Say nothing but results and errors'
complete -c ut -n "__fish_ut_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c ut -n "__fish_ut_using_subcommand man" -s h -l help -d 'Print help'
complete -c ut -n "__fish_ut_using_subcommand man" -s V -l version -d 'Print version'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "infer" -d 'Forecast every server from its recent metrics'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "cleanup" -d 'Clear MLflow\'s checkpoints by policy, and never one too many'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "guard" -d 'Run a command behind a circuit breaker that all processes of this machine share'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "breaker-status" -d 'Show the circuit breakers of this machine'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "breaker" -d 'Change circuit breakers by hand'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "compose-validate" -d 'Check Docker Compose stacks: every error that Compose would refuse them for, and what makes platforms fall over'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "detect-workload" -d 'Say whether a folder or a text is machine learning, of which kind, and what it needs to run'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "health" -d 'Check whether the platform is well'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "metrics" -d 'Show what was counted, for Prometheus, or hand it over'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "device" -d 'List the GPUs that forecasts can run on'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "config" -d 'Show or check the configuration'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "completions" -d 'Print the completions for a shell'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "man" -d 'Print the manual page, or write all of them to a folder'
complete -c ut -n "__fish_ut_using_subcommand help; and not __fish_seen_subcommand_from infer cleanup guard breaker-status breaker compose-validate detect-workload health metrics device config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from infer" -f -a "model" -d 'Look at a model'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from infer" -f -a "window" -d 'Keep recent rows from run to run'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from cleanup" -f -a "restore" -d 'Bring archived runs back'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from cleanup" -f -a "verify" -d 'Read every archive and compare it with its manifest'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from cleanup" -f -a "explain" -d 'Say why a run is kept, or why not'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from breaker" -f -a "reset" -d 'Close it, and forget its failures'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from breaker" -f -a "open" -d 'Let no call through'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from breaker" -f -a "disable" -d 'Let every call through, and decide nothing'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from breaker" -f -a "enable" -d 'End that'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print each setting\'s effective value and its origin'
complete -c ut -n "__fish_ut_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the configuration files and variables; exit 2 if they are wrong'

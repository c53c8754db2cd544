package settings

import "strings"

const completionHelp = `Prints a script for the shell, which then completes commands, flags, and the ids
of clients, for which it asks the hub.

  bash    source <(PROGRAM completion bash)      in ~/.bashrc
  zsh     source <(PROGRAM completion zsh)       in ~/.zshrc, behind compinit
  fish    PROGRAM completion fish | source       in ~/.config/fish/config.fish`

// The scripts run the program with the words before the cursor and completionFlag.
// What it prints they take for text, which is never evaluated.

const bashScript = `_FUNCTION() {
  local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} words word cut= part c text rest
  read -a words <<<"$line" # a backslash keeps what follows it; nothing is expanded
  [[ $line == *[[:space:]] && $line != *\\[[:space:]] ]] && words+=("")
  word=${words[${#words[@]}-1]}
  for c in : = @; do # bash completes what is behind the last of these, or from @ on
    part=${word%"$c"*}${c%@}
    [[ $word == *"$c"* && $COMP_WORDBREAKS == *"$c"* ]] && ((${#part} > ${#cut})) && cut=$part
  done
  COMPREPLY=()
  while IFS=$'\t' read -r text rest; do
    printf -v text %q "${text#"$cut"}"
    COMPREPLY+=("$text")
  done < <("${words[0]/#\~\//$HOME/}" "${words[@]:1}" FLAG 2>/dev/null)
}
complete -o bashdefault -o default -F _FUNCTION PROGRAM
`

const zshScript = `#compdef PROGRAM
_PROGRAM() {
  local program=${(Q)words[1]} line text
  local -a entries
  for line in "${(@f)$("${program/#\~\//$HOME/}" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" FLAG 2>/dev/null)}"; do
    text=${line%%$'\t'*}
    [[ -n $text ]] && entries+=("${${text//\\/\\\\}//:/\\:}:${line#*$'\t'}")
  done
  if (( $#entries )); then
    _describe PROGRAM entries
  else
    _files
  fi
}
if [[ $funcstack[1] == _PROGRAM ]]; then
  _PROGRAM "$@"
else
  compdef _PROGRAM PROGRAM
fi
`

const fishScript = `function __FUNCTION
    set -l words (commandline -opc)
    set -l word (commandline -ct | string unescape)
    set words[1] (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l found ($words "$word" FLAG 2>/dev/null)
    if test (count $found) -gt 0
        string join \n -- $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c PROGRAM -e
complete -c PROGRAM -f -a '(__FUNCTION)'
`

// completionScript returns the script for one of the shells.
func completionScript(shell, program string) string {
	script := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[shell]
	return strings.NewReplacer("PROGRAM", program, "FUNCTION", strings.ReplaceAll(program, "-", "_"), "FLAG", completionFlag).Replace(script)
}

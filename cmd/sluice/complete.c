/* SPDX-License-Identifier: Apache-2.0 */
/* complete.c - completion: the scripts only ask `sluice __complete`, which reads the tables. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char bash_script[] =
    "# sluice completion for bash\n"
    "_sluice() {\n"
    "    local IFS=$'\\n'\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
    "2>/dev/null | cut -f1))\n"
    "    if [[ ${COMPREPLY[0]} == :files ]]; then\n"
    "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
    "    fi\n"
    "}\n"
    "complete -o filenames -F _sluice sluice kubectl-sluice\n";

static const char zsh_script[] =
    "#compdef sluice kubectl-sluice\n"
    "# sluice completion for zsh\n"
    "_sluice() {\n"
    "    local -a lines\n"
    "    lines=(\"${(@f)$(${words[1]} __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    if [[ ${lines[1]} == :files ]]; then\n"
    "        _files\n"
    "        return\n"
    "    fi\n"
    "    lines=(\"${(@)lines//:/\\\\:}\")\n"
    "    lines=(\"${(@)lines/$'\\t'/:}\")\n"
    "    _describe sluice lines\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _sluice ]; then\n"
    "    _sluice \"$@\"\n"
    "else\n"
    "    compdef _sluice sluice kubectl-sluice\n"
    "fi\n";

static const char fish_script[] =
    "# sluice completion for fish\n"
    "function __sluice_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l out ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)\n"
    "    if test \"$out[1]\" = :files\n"
    "        __fish_complete_path (commandline -ct)\n"
    "    else\n"
    "        printf '%s\\n' $out\n"
    "    end\n"
    "end\n"
    "complete -c sluice -f -a '(__sluice_complete)'\n"
    "complete -c kubectl-sluice -f -a '(__sluice_complete)'\n";

const char *completion_script(const char *shell)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

    for (size_t i = 0; i < COUNT(scripts); i++)
        if (str_equal(scripts[i].shell, shell))
            return scripts[i].script;
    return NULL;
}

/* --- candidates ------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void offer(struct strbuf *out, const char *word, const char *about, const char *typed)
{
    if (begins(word, typed))
        strbuf_addf(out, "%s\t%s\n", word, about);
}

static void offer_commands(struct strbuf *out, const char *typed)
{
    for (size_t i = 0; i < command_count; i++)
        if (commands[i].group != GROUP_HIDDEN)
            offer(out, commands[i].name, commands[i].summary, typed);
}

static void offer_flags(struct strbuf *out, const struct command *c, const char *typed)
{
    for (size_t i = 0; i < flag_count; i++)
        if (flag_is_taken(&flags[i], c)) {
            char name[64];
            snprintf(name, sizeof(name), "--%s", flags[i].name);
            offer(out, name, flags[i].help, typed);
        }
}

/* The flag whose value `word` (before the last) asks for; NULL: none. */
static const struct flag *wants_value(const char *word)
{
    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *f = &flags[i];
        if (f->kind != FLAG_BOOL &&
            ((word[0] == '-' && word[1] == '-' && strcmp(word + 2, f->name) == 0) ||
             (f->letter && word[0] == '-' && word[1] == f->letter && !word[2])))
            return f;
    }
    return NULL;
}

static void offer_formats(struct strbuf *out, const struct command *c, const char *typed)
{
    static const char *const formats[] = {"json", "name", "wide", "yaml"}, *const pictures[] = {
                                                                               "html", "json"};
    const bool simulates = c && c->flags & FLAG_SCENARIO;

    for (size_t i = 0; simulates && i < COUNT(pictures); i++)
        offer(out, pictures[i], "", typed);
    for (size_t i = 0; !simulates && i < COUNT(formats); i++)
        offer(out, formats[i], "", typed);
}

static void offer_values(struct strbuf *out, const struct flag *f, const struct command *c,
                         const char *typed)
{
    if (f->bit == FLAG_FILES || f->bit == FLAG_SCENARIO || strcmp(f->name, "kubeconfig") == 0)
        strbuf_adds(out, ":files\n");
    if (f->bit == FLAG_OUTPUT)
        offer_formats(out, c, typed);
}

static const struct command *command_in(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (wants_value(words[i]))
            i++;
        else if (words[i][0] != '-')
            return command_find(words[i]);
    }
    return NULL;
}

static bool names_rollouts(const struct command *c)
{
    return strcmp(c->args, "NAME") == 0 || strcmp(c->args, "[NAME]") == 0;
}

static void offer_args(struct strbuf *out, const struct command *c, int count, char **words,
                       const char *typed, void (*names)(struct strbuf *, int, char **))
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    for (size_t i = 0; strcmp(c->name, "completion") == 0 && i < COUNT(shells); i++)
        offer(out, shells[i], "", typed);
    if (strcmp(c->name, "help") == 0)
        offer_commands(out, typed);
    if (names_rollouts(c) && names)
        names(out, count, words);
}

void completion_words(struct strbuf *out, int count, char **words,
                      void (*names)(struct strbuf *out, int count, char **words))
{
    const char *typed = count > 0 ? words[count - 1] : "";
    const struct command *c = command_in(count - 1, words);
    const struct flag *f = count > 1 ? wants_value(words[count - 2]) : NULL;

    if (f)
        offer_values(out, f, c, typed);
    else if (typed[0] == '-')
        offer_flags(out, c, typed);
    else if (!c)
        offer_commands(out, typed);
    else
        offer_args(out, c, count, words, typed, names);
}

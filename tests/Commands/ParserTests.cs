using System;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class ParserTests
{
    /// <summary>
    /// Every spelling that callers use (callers.md 1.2, 3, 4.2, 8.1, 9.2, 10, 11), as words; the result as
    /// <c>global options | verb options | arguments</c>, each option in the order of the table.
    /// </summary>
    [Theory]
    [InlineData("create --bundle B --pid-file P ID", "|create bundle=B pid-file=P|ID")]
    [InlineData("create --bundle B --pid-file P --no-pivot --no-new-keyring --preserve-fds 2 --console-socket S ID",
        "|create bundle=B console-socket=S pid-file=P no-pivot=true no-new-keyring=true preserve-fds=2|ID")]
    [InlineData("create --bundle B --pid-file P --console-socket=S ID", "|create bundle=B console-socket=S pid-file=P|ID")]
    [InlineData("create --bundle B --pidfd-socket S ID", "|create bundle=B pidfd-socket=S|ID")]
    [InlineData("create --bundle B --pid-file /p --detach --preserve-fds 1 ID",
        "|create bundle=B pid-file=/p preserve-fds=1 detach=true|ID")]
    [InlineData("--root R --log L --log-format json --systemd-cgroup create --bundle B --pid-file B/init.pid ID",
        "root=R log=L log-format=json systemd-cgroup=true|create bundle=B pid-file=B/init.pid|ID")]
    [InlineData("--root R --debug --log L --log-format json --rootless=true create --bundle B ID",
        "root=R log=L log-format=json debug=true rootless=true|create bundle=B|ID")]
    [InlineData("--log=journald:ID --log-level=debug --root=R --systemd-cgroup --root=R --systemd-cgroup create --bundle B ID",
        "root=R log=journald:ID log-level=debug systemd-cgroup=true|create bundle=B|ID")]
    [InlineData("--log-format=json --log L --cgroup-manager disabled create --bundle B ID",
        "log=L log-format=json cgroup-manager=disabled|create bundle=B|ID")]
    [InlineData("--log A --log-format text --root X --log B --log-format json --root Y state ID",
        "root=Y log=B log-format=json|state|ID")]
    [InlineData("--cgroup-manager=systemd --criu /c state ID", "cgroup-manager=systemd criu=/c|state|ID")]
    [InlineData("start ID", "|start|ID")]
    [InlineData("run --bundle B --no-pivot --no-new-keyring --pid-file P --console-socket S --detach --preserve-fds 3 --keep ID",
        "|run bundle=B console-socket=S pid-file=P no-pivot=true no-new-keyring=true preserve-fds=3 detach=true keep=true|ID")]
    [InlineData("run -b B -d ID", "|run bundle=B detach=true|ID")]
    [InlineData("run -b=B -d=false ID", "|run bundle=B detach=false|ID")]
    [InlineData("run -bundle B -no-subreaper ID", "|run bundle=B no-subreaper=true|ID")]
    [InlineData("--log F --log-format json run --bundle B --keep ID", "log=F log-format=json|run bundle=B keep=true|ID")]
    [InlineData("state ID", "|state|ID")]
    [InlineData("kill ID 15", "|kill|ID 15")]
    [InlineData("kill ID KILL", "|kill|ID KILL")]
    [InlineData("kill ID SIGKILL", "|kill|ID SIGKILL")]
    [InlineData("kill ID", "|kill|ID")]
    [InlineData("kill --all ID 9", "|kill all=true|ID 9")]
    [InlineData("kill -a ID 9", "|kill all=true|ID 9")]
    [InlineData("kill ID -9", "|kill|ID -9")]
    [InlineData("delete ID", "|delete|ID")]
    [InlineData("delete --force ID", "|delete force=true|ID")]
    [InlineData("delete -f ID", "|delete force=true|ID")]
    [InlineData("delete ID --force", "|delete force=true|ID")]
    [InlineData("delete -- ID", "|delete|ID")]
    [InlineData("delete -- --force", "|delete|--force")]
    [InlineData("--root R --log L --log-format json delete --force ID", "root=R log=L log-format=json|delete force=true|ID")]
    [InlineData("list --format=json", "|list format=json|")]
    [InlineData("list", "|list|")]
    [InlineData("list -q", "|list quiet=true|")]
    [InlineData("list -f json", "|list format=json|")]
    [InlineData("features", "|features|")]
    [InlineData("spec", "|spec|")]
    [InlineData("spec --rootless", "|spec rootless=true|")]
    [InlineData("spec --bundle D", "|spec bundle=D|")]
    [InlineData("spec --rootless --rootless=0", "|spec rootless=false|")]
    [InlineData("-s -r R state ID", "root=R systemd-cgroup=true|state|ID")]
    [InlineData("-- state ID", "|state|ID")]
    [InlineData("create -no-pivot -pid-file P -preserve-fds=2 -bundle=B ID", "|create bundle=B pid-file=P no-pivot=true preserve-fds=2|ID")]
    [InlineData("run --bundle A -bundle B -b C --bundle=D ID", "|run bundle=D|ID")]
    [InlineData("run -bundle=A --bundle=B ID", "|run bundle=B|ID")]
    [InlineData("run --keep --keep=false ID", "|run keep=false|ID")]
    [InlineData("run --keep=F --keep=T ID", "|run keep=true|ID")]
    [InlineData("run --keep false", "|run keep=true|false")]
    [InlineData("run --console-socket= --bundle B ID", "|run bundle=B console-socket=|ID")]
    [InlineData("run --bundle=-d -- ID", "|run bundle=-d|ID")]
    [InlineData("run -db B ID", "|run bundle=B detach=true|ID")]
    [InlineData("exec -td ID sh", "|exec tty=true detach=true|ID sh")]
    [InlineData("exec -dp F ID", "|exec process=F detach=true|ID")]
    [InlineData("list -qf json", "|list format=json quiet=true|")]
    [InlineData("-rootless=1 -root=R -systemd-cgroup -log-format=json state ID", "root=R log-format=json systemd-cgroup=true rootless=1|state|ID")]
    [InlineData("--systemd-cgroup=false --debug=0 state ID", "debug=false systemd-cgroup=false|state|ID")]
    [InlineData("exec --process F --console-socket S --detach --pid-file P ID", "|exec console-socket=S process=F detach=true pid-file=P|ID")]
    [InlineData("exec --pid-file P --process F --detach --preserve-fds 2 --console-socket S ID",
        "|exec console-socket=S process=F detach=true pid-file=P preserve-fds=2|ID")]
    [InlineData("exec -d --console-socket=S --tty --pid-file=P ID CMD -d --help",
        "|exec console-socket=S tty=true detach=true pid-file=P|ID CMD -d --help")]
    [InlineData("exec -t -e A=1 -env B=2,3 -u 1:2 -g 5 ID ls -l --all -- x", "|exec env=B=2,3 tty=true user=1:2 additional-gids=5|ID ls -l --all -- x")]
    [InlineData("exec -- ID -t", "|exec|ID -t")]
    [InlineData("exec ID -- sh", "|exec|ID -- sh")]
    [InlineData("ps --format json ID", "|ps format=json|ID")]
    [InlineData("ps --format table ID -ef --format x", "|ps format=table|ID -ef --format x")]
    [InlineData("ps ID -aux", "|ps|ID -aux")]
    [InlineData("events --stats ID", "|events stats=true|ID")]
    [InlineData("events --interval=5s ID", "|events interval=5s|ID")]
    [InlineData("update --resources=- ID", "|update resources=-|ID")]
    [InlineData("update --resources - ID", "|update resources=-|ID")]
    [InlineData("update -r F ID", "|update resources=F|ID")]
    [InlineData("pause ID", "|pause|ID")]
    [InlineData("resume ID", "|resume|ID")]
    [InlineData("run --bundle --keep ID", "|run bundle=--keep|ID")]
    [InlineData("run --bundle= ID", "|run bundle=|ID")]
    [InlineData("run --bundle=a=b ID", "|run bundle=a=b|ID")]
    public void Callers_spellings_parse(string line, string expected) => Describe(line).Should().Be(expected);

    [Theory]
    [InlineData("--bogus state ID", "flag provided but not defined: -bogus")]
    [InlineData("create --bogus=1 ID", "flag provided but not defined: -bogus")]
    [InlineData("create ---bundle x ID", "flag provided but not defined: --bundle")]
    [InlineData("run -x ID", "flag provided but not defined: -x")]
    [InlineData("run -dk ID", "flag provided but not defined: -dk")]
    [InlineData("run -bd ID", "flag provided but not defined: -bd")]
    [InlineData("run --db B ID", "flag provided but not defined: -db")]
    [InlineData("run -db", "flag needs an argument: -b")]
    [InlineData("run -d=maybe ID", "invalid boolean value \"maybe\" for --detach")]
    [InlineData("run --keep= ID", "invalid boolean value \"\" for --keep")]
    [InlineData("create --pid-fil P ID", "flag provided but not defined: -pid-fil")]
    [InlineData("exec --bogus ID sh", "flag provided but not defined: -bogus")]
    [InlineData("exec", "\"exec\" requires a minimum of 1 argument(s)")]
    [InlineData("ps", "\"ps\" requires a minimum of 1 argument(s)")]
    [InlineData("update", "\"update\" requires exactly 1 argument(s)")]
    [InlineData("start A B", "\"start\" requires exactly 1 argument(s)")]
    [InlineData("help a b", "\"help\" requires a maximum of 1 argument(s)")]
    [InlineData("--root", "flag needs an argument: --root")]
    [InlineData("create --bundle", "flag needs an argument: --bundle")]
    [InlineData("create -b", "flag needs an argument: -b")]
    [InlineData("run --keep=maybe ID", "invalid boolean value \"maybe\" for --keep")]
    [InlineData("create --preserve-fds -1 ID", "invalid value \"-1\" for --preserve-fds")]
    [InlineData("create --preserve-fds= ID", "invalid value \"\" for --preserve-fds")]
    [InlineData("create --preserve-fds 99999999999 ID", "invalid value \"99999999999\" for --preserve-fds")]
    [InlineData("create", "\"create\" requires exactly 1 argument(s)")]
    [InlineData("create A B", "\"create\" requires exactly 1 argument(s)")]
    [InlineData("state", "\"state\" requires exactly 1 argument(s)")]
    [InlineData("kill", "\"kill\" requires a minimum of 1 argument(s)")]
    [InlineData("kill ID 9 9", "\"kill\" requires a maximum of 2 argument(s)")]
    [InlineData("list x", "\"list\" requires exactly 0 argument(s)")]
    [InlineData("features x", "\"features\" requires exactly 0 argument(s)")]
    public void Mistakes_are_named(string line, string expected) =>
        FluentActions.Invoking(() => Describe(line)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().StartWith(expected);

    [Theory]
    [InlineData("create --help")]
    [InlineData("create -h")]
    [InlineData("create -help --bogus")]
    [InlineData("kill --all --help")]
    [InlineData("kill -? 9")]
    [InlineData("run --usage")]
    [InlineData("exec --help")]
    [InlineData("list --help=true")]
    public void Help_wins_over_what_follows_and_over_missing_arguments(string line)
    {
        string[] words = line.Split(' ');
        Arguments arguments = new(Table.Find(words[0])!);
        Parser.Parse(words.AsSpan(1), arguments);
        arguments.WantsHelp.Should().BeTrue();
    }

    [Fact]
    public void Repeatable_options_keep_every_value_and_commas()
    {
        Verb verb = new()
        {
            Name = "x",
            Summary = "x",
            Options = [new Option("env", OptionKind.Text, "x") { Letter = 'e', IsRepeatable = true }],
            Execute = static _ => 0,
        };
        Arguments arguments = new(verb);
        Parser.Parse(["-e", "a=1,b=2", "--env=c"], arguments);
        arguments.All("env").Should().Equal("a=1,b=2", "c");
        arguments.Text("env").Should().Be("c");
    }

    // With ARGP_IN_ORDER and in Go's flag package alike; callers pass such words on to ps and to the container's program.
    [Theory]
    [InlineData("exec ID --help")]
    [InlineData("ps ID --help")]
    [InlineData("kill ID -h")]
    public void Help_behind_the_first_argument_of_such_a_verb_is_an_argument(string line)
    {
        string[] words = line.Split(' ');
        Arguments arguments = new(Table.Find(words[0])!);
        Parser.Parse(words.AsSpan(1), arguments);
        arguments.WantsHelp.Should().BeFalse();
        arguments.Positional.Should().Equal(words[1..]);
    }

    [Theory]
    [InlineData("1 t T true TRUE True", "true")]
    [InlineData("0 f F false FALSE False", "false")]
    public void Flags_take_the_words_of_strconv_ParseBool(string words, string expected)
    {
        foreach (string word in words.Split(' '))
        {
            Describe($"run --keep={word} ID").Should().Be($"|run keep={expected}|ID");
            Arguments.Boolean(word, "rootless").Should().Be(expected == "true");
        }
    }

    // Each verb must offer the way to the same answer under every letter; two options with one letter would hide one.
    [Fact]
    public void No_verb_has_a_name_or_a_letter_twice()
    {
        foreach (string name in (string[])[.. Table.Names, Table.Program])
        {
            Verb verb = name == Table.Program ? Globals.Describe() : Table.Find(name)!;
            System.Collections.Generic.List<string> names = ["help", "h", "usage", "?"];
            foreach (Option option in verb.Options)
            {
                names.Add(option.Name);
                if (option.Letter != '\0')
                    names.Add(option.Letter.ToString());
            }

            names.Should().OnlyHaveUniqueItems(name);
        }
    }

    [Fact]
    public void What_follows_the_first_argument_of_such_a_verb_is_left_alone()
    {
        Arguments arguments = new(Table.Find("kill")!);
        Parser.Parse(["ID", "--"], arguments);
        arguments.Positional.Should().Equal("ID", "--");
    }

    private static string Describe(string line)
    {
        Arguments own = new(Globals.Describe());
        Parser.Parse(line.Split(' '), own);
        Arguments arguments = new(Table.Find(own.Positional[0])!);
        Parser.Parse(own.Positional.AsSpan(1), arguments);
        return $"{Options(own)}|{$"{arguments.Verb.Name} {Options(arguments)}".Trim()}|{string.Join(' ', arguments.Positional)}";
    }

    private static string Options(Arguments arguments)
    {
        System.Collections.Generic.List<string> found = [];
        foreach (Option option in arguments.Verb.Options)
        {
            if (arguments.Raw(option.Name) is { } value)
                found.Add($"{option.Name}={value}");
        }

        return string.Join(' ', found);
    }
}

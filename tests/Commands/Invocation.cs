using OciRun.Commands;
using OciRun.Tests.State;

namespace OciRun.Tests.Commands;

/// <summary>Runs a verb in this process, below a scratch root.</summary>
internal static class Invocation
{
    public static int Invoke(this Scratch scratch, string name, params string[] words)
    {
        Verb verb = Table.Find(name)!;
        Arguments arguments = new(verb, new Globals { Root = scratch.Root });
        Parser.Parse(words, arguments);
        return verb.Execute(arguments);
    }
}

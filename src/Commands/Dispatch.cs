using System;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>From the command line to the exit status; the one place where a failure is reported.</summary>
internal static class Dispatch
{
    public static int Run(string[] words)
    {
        string prefix = "";
        int status = 1;
        Verb? verb = null;
        try
        {
            Arguments own = new(Globals.Describe());
            ReadWords(words, own);
            if (own.Flag("version") || own.Flag("V"))
                return Version.Print();

            // Before the log is opened: neither needs one, and probes have no place for one.
            if (own.WantsHelp)
                return Help.PrintProgram();
            Globals globals = Globals.Read(own);
            if (own.Positional.Length == 0)
                return Help.PrintProgram();
            verb = Table.Find(own.Positional[0]) ?? throw Help.Unknown(own.Positional[0]);
            TraceFile.Open(globals, verb.Name);
            Arguments arguments = new(verb, globals);
            Parser.Parse(own.Positional.AsSpan(1), arguments);
            if (arguments.WantsHelp)
                return Help.PrintVerb(verb);
            prefix = verb.FailurePrefix;
            status = verb.FailureStatus;
            Trace.Phase(verb.Name);
            int result = verb.Execute(arguments);
            TraceFile.Write(verb.Name);
            return result;
        }
        catch (FaultException e) when (Trace.Fail(e.Fault))
        {
            TraceFile.Write(verb?.Name);
            if (e.Fault.Code == Usage.Code && verb is not null)
                ShowUsage(verb);
            Log.Error(e.Fault, prefix);
        }
#pragma warning disable CA1031 // Whatever it is, the caller gets one line and no stack trace.
        catch (Exception e) when (Trace.Fail(new Fault($"internal error: {e.Message}")))
#pragma warning restore CA1031
        {
            TraceFile.Write(verb?.Name);
            Log.Debug(e.ToString());
            Log.Error(new Fault($"internal error: {e.Message}")
            {
                Hint = "run again with --debug and report what it says",
                Code = "internal",
            }, prefix);
        }

        return status;
    }

    private static void ReadWords(string[] words, Arguments own)
    {
        try
        {
            Parser.Parse(words, own);
        }
        catch (FaultException)
        {
            Globals.OpenLog(words);
            throw;
        }
    }

    // As runc does (features.md I07). A closed standard output must not hide the message itself.
    private static void ShowUsage(Verb verb)
    {
        try
        {
            Help.PrintVerb(verb);
        }
        catch (FaultException)
        {
            return;
        }
    }
}

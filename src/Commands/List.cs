using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>list</c> (features.md 1.12).</summary>
internal static class List
{
    public static Verb Describe() => new()
    {
        Name = "list",
        Summary = "list the containers below the state root",
        Options =
        [
            new Option("format", OptionKind.Text, "print a table or JSON")
            {
                Letter = 'f',
                Value = "FORMAT",
                Default = "table",
                Words = ["table", "json"],
            },
            new Option("quiet", OptionKind.Flag, "print ids only") { Letter = 'q' },
        ],
        Maximum = 0,
        Examples =
        [
            new("list", "a table of all containers"),
            new("list --quiet", "their ids"),
            new("list --format json", "for programs"),
        ],
        SeeAlso = ["state", "ps", "top"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string format = arguments.Text("format") ?? "table";
        if (format is not ("table" or "json"))
        {
            throw Usage.Fault(new Fault("invalid format option")
            {
                Field = "--format",
                Value = format,
                Hint = "use table or json",
            });
        }

        using StateRoot? root = Root(arguments.Globals.Root);
        if (arguments.Flag("quiet"))
        {
            Output.Write(ListTable.Ids(root?.Ids(withRecord: true) ?? []));
            return 0;
        }

        StateDocument[] containers = root is null ? [] : Documents(root);
        if (format == "json")
            Output.Write(StateWriter.List(containers));
        else
            Output.Write(ListTable.Write(containers));
        return 0;
    }

    // A default root that does not exist holds nothing; one that was named is a mistake (features.md L07).
    private static StateRoot? Root(string? option) =>
        option is null ? StateRoot.OpenExisting(null) : StateRoot.Open(option, mustExist: true);

    // Of the containers whose record can be read.
    private static StateDocument[] Documents(StateRoot root)
    {
        UserNames users = new();
        List<StateDocument> containers = [];
        foreach (string id in root.Ids())
        {
            try
            {
                using ContainerDirectory directory = root.Find(id);
                if (directory.Load() is { } record)
                    containers.Add(State.Document(directory, record, users.Find(directory.Owner())));
                else
                    Log.Warning($"{directory.Path} is no container of {Table.Program}");
            }
            catch (FaultException e) when (e.Fault.Code == StateRoot.MissingCode)
            {
                // Deleted since the directory was read.
            }
            catch (FaultException e)
            {
                Log.Notice(e.Fault.Text());
            }
        }

        return [.. containers];
    }
}

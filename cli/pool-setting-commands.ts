/** The commands for settings of the whole pool, which hold without a restart: who may host, when sessions end, the banner. */
import type { Command } from 'commander';
import { banner, bannerHelp, endsHelp, hosting, hostingHelp, sessionEnds } from './pool-settings.ts';
import type { BannerFlags, EndsFlags, HostingFlags } from './pool-settings.ts';

export function addPoolSettingCommands(
  inspectCommand: (name: string, description: string) => Command,
  orExit: (work: () => Promise<void>) => Promise<void>,
): void {
  inspectCommand('hosting', 'from which version on clients may begin sessions; set it')
    .argument('[version]', 'the lowest version, or off')
    .option('--client <name=version...>', 'the same for clients by their name')
    .option('--unidentified <what>', 'allow or refuse clients that name no version (default: allow)')
    .addHelpText('after', hostingHelp)
    .action(
      async (version: string | undefined, options: HostingFlags) =>
        await orExit(() => hosting(version, options)),
    );
  inspectCommand('session-ends', 'when sessions end by themselves; set it')
    .option('--without-guests <minutes>', 'without a guest ever')
    .option('--after-guests <minutes>', 'after the last guest left')
    .option('--idle <minutes>', 'when nothing is said')
    .addHelpText('after', endsHelp)
    .action(async (options: EndsFlags) => await orExit(() => sessionEnds(options)));
  inspectCommand('banner', 'what is shown to everybody on the pages of the pool; set it')
    .argument('[text]', 'the text, or off')
    .option('--level <level>', 'info or warning (default: info)')
    .option('--until <time>', 'shown until then (default: until it is replaced)')
    .addHelpText('after', bannerHelp)
    .action(
      async (text: string | undefined, options: BannerFlags) => await orExit(() => banner(text, options)),
    );
}
